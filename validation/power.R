# Makes tests/reference/power.json: power of the two-sided t test of a Pearson correlation.
#
# power: pwr::pwr.r.test(n, r), which takes the critical r of the t distribution and Fisher's z with the bias term r / (2 (n - 1)).
# n, r (solve = "n", "r"): the same power function, inverted with stats::uniroot to 1e-12, because pwr.r.test stops at a tolerance of
# about 1e-4; what pwr.r.test itself gives stands in n_pwr, r_pwr. n_whole: n rounded up. solve = "critical": smallest |r| with
# P <= alpha, t / sqrt(n - 2 + t^2) in base R.

source("validation/common.R")

alpha <- 0.05
by_pwr <- "pwr::pwr.r.test"

power_of <- function(n, r) pwr::pwr.r.test(n = n, r = r, sig.level = alpha)$power

sample_size <- function(r, power) {
  n <- uniroot(function(n) power_of(n, r) - power, c(4.001, 1e5), tol = 1e-12)$root
  given <- pwr::pwr.r.test(r = r, power = power, sig.level = alpha)$n
  stopifnot(abs(n - given) < 0.01, ceiling(n) == ceiling(given))
  a_case(
    sprintf("sample size, r = %g, power %g", r, power), by_pwr,
    list(solve = "n", r = r, power = power, alpha = alpha), list(n = n, n_whole = ceiling(n), n_pwr = given)
  )
}

power_case <- function(n, r) {
  a_case(
    sprintf("power, n = %d, r = %g", n, r), by_pwr,
    list(solve = "power", n = n, r = r, alpha = alpha), list(power = power_of(n, r))
  )
}

detectable <- function(n, power) {
  r <- uniroot(function(r) power_of(n, r) - power, c(1e-6, 1 - 1e-6), tol = 1e-12)$root
  given <- pwr::pwr.r.test(n = n, power = power, sig.level = alpha)$r
  stopifnot(abs(r - given) < 1e-3)
  a_case(
    sprintf("detectable r, n = %d, power %g", n, power), by_pwr,
    list(solve = "r", n = n, power = power, alpha = alpha), list(r = r, r_pwr = given)
  )
}

critical <- function(n) {
  t <- qt(1 - alpha / 2, n - 2)
  a_case(
    sprintf("critical r, n = %d", n), "base R: qt",
    list(solve = "critical", n = n, alpha = alpha), list(r = t / sqrt(n - 2 + t^2))
  )
}

cases <- list()
for (r in c(0.402, 0.3, 0.5)) for (power in c(0.8, 0.9)) cases <- c(cases, list(sample_size(r, power)))
for (pair in list(c(22, 0.402), c(10, 0.6), c(31, 0.3), c(50, 0.2), c(22, -0.5), c(100, 0.05))) {
  cases <- c(cases, list(power_case(pair[1], pair[2])))
}
for (n in c(10, 22, 31, 50)) cases <- c(cases, list(detectable(n, 0.8)))
for (n in c(22, 10, 31)) cases <- c(cases, list(critical(n)))

write_reference("power", "validation/power.R", "pwr", cases)
