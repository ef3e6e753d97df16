# Makes tests/reference/bca.json: the BCa interval from stored bootstrap replicates.
#
# t0, t: boot::boot, 1999 replicates. jackknife: the statistic without each row. low, high: boot::boot.ci(type = "bca", L = ...); it
# interpolates order statistics on the normal scale. influence: the L given to it, (n - 1) (mean(jackknife) - jackknife), Efron and
# Tibshirani (1993), eq. 14.15. z0, a, level_low, level_high: the formulas of boot:::bca.ci. low_linear, high_linear: stats::quantile
# (type 7) of t at those levels, for software that interpolates linearly. a_empinf, low_empinf, high_empinf: the same with
# boot::empinf(type = "jack"), which centres on t0 instead of the mean of the jackknife values.

source("validation/common.R")
library(boot)

one <- function(name, data, statistic, seed) {
  set.seed(seed)
  b <- boot(data, statistic, R = 1999)
  n <- nrow(data)
  t <- b$t[, 1]
  stopifnot(t != b$t0) # ties with t0 would make z0 a matter of definition
  jackknife <- vapply(seq_len(n), function(i) statistic(data, seq_len(n)[-i]), 0)
  influence <- (n - 1) * (mean(jackknife) - jackknife)
  by_empinf <- empinf(b, type = "jack")
  stopifnot(all.equal(by_empinf, (n - 1) * (b$t0 - jackknife)))
  bca <- function(L) boot.ci(b, conf = 0.95, type = "bca", L = L)$bca[1, 4:5]
  acceleration <- function(L) sum(L^3) / (6 * sum(L^2)^1.5)
  interval <- bca(influence)
  z0 <- qnorm(mean(t < b$t0))
  a <- acceleration(influence)
  z <- qnorm(c(0.025, 0.975))
  levels <- pnorm(z0 + (z0 + z) / (1 - a * (z0 + z)))
  linear <- unname(quantile(t, levels))
  stopifnot(max(abs(linear - interval)) < 0.02 * diff(range(t)))
  a_case(
    name, "boot::boot, boot::empinf, boot::boot.ci",
    list(data = unname(data), level = 0.95, t0 = unname(b$t0), t = t, jackknife = jackknife),
    list(
      low = interval[[1]], high = interval[[2]], z0 = z0, a = a, level_low = levels[1], level_high = levels[2],
      low_linear = linear[1], high_linear = linear[2], influence = influence,
      a_empinf = acceleration(by_empinf), low_empinf = bca(by_empinf)[[1]], high_empinf = bca(by_empinf)[[2]]
    )
  )
}

set.seed(601)
x <- round(rnorm(20, 60, 12), 2)
pearson_data <- cbind(x, round(0.5 * x + rnorm(20, 0, 9), 2))
skewed <- matrix(round(rexp(15) * 20, 2))
z <- round(rnorm(22), 2)
partial_data <- cbind(round(z + rnorm(22), 2), round(z + rnorm(22), 2), z)

pearson <- function(d, i) cor(d[i, 1], d[i, 2])
average <- function(d, i) mean(d[i, 1])
partial <- function(d, i) {
  r <- cor(d[i, ])
  (r[1, 2] - r[1, 3] * r[2, 3]) / sqrt((1 - r[1, 3]^2) * (1 - r[2, 3]^2))
}
stopifnot(all.equal(partial(partial_data, 1:22), cor(
  resid(lm(partial_data[, 1] ~ partial_data[, 3])), resid(lm(partial_data[, 2] ~ partial_data[, 3]))
)))

write_reference("bca", "validation/bca.R", "boot", list(
  one("Pearson correlation, n = 20", pearson_data, pearson, 602),
  one("mean of skewed values, n = 15", skewed, average, 603),
  one("partial correlation of columns 1 and 2 given 3, n = 22", partial_data, partial, 604)
))
