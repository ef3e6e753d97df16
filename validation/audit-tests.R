# Makes tests/reference/audit-tests.json: P values, statistics and intervals of base R's tests, for the checks of printed results.
#
# "kind" says which test: interval (prop.test with correction, without, and binom.test), binomial (binom.test), mcnemar
# (mcnemar.test without and with correction, binom.test of the discordant pairs), contingency (chisq.test without and with
# correction, fisher.test), t (t.test with var.equal = TRUE and FALSE, on data made to have exactly the given mean and SD).
# prop.test corrects by at most |x - n/2|, so x = n/2 is no case. "published" of the intervals is table I of Newcombe (1998).

source("validation/common.R")

quiet <- suppressWarnings # small expected counts: R warns, the sums are the same

interval_case <- function(x, n, published = NULL) {
  wilson <- quiet(prop.test(x, n, correct = FALSE)$conf.int)
  corrected <- quiet(prop.test(x, n, correct = TRUE)$conf.int)
  exact <- binom.test(x, n)$conf.int
  extra <- list()
  if (!is.null(published)) {
    stopifnot(round(wilson, 4) == published$Wilson, round(exact, 4) == published[["Clopper-Pearson"]])
    source <- list(source = "Newcombe (1998), Stat Med 17:857-872, table I, methods 1, 3, 4 and 5")
    extra <- list(published = c(source, published))
  }
  do.call(a_case, c(list(
    sprintf("interval, %d of %d", x, n), "stats::prop.test, stats::binom.test",
    list(kind = "interval", x = x, n = n, level = 0.95),
    list(`Wilson` = wilson[1:2], `Wilson with continuity correction` = corrected[1:2], `Clopper-Pearson` = exact[1:2])
  ), extra))
}

newcombe <- function(wald, wilson, corrected, exact) {
  others <- list(`Wilson` = wilson, `Wilson with continuity correction` = corrected, `Clopper-Pearson` = exact)
  if (is.null(wald)) others else c(list(`Wald` = wald), others)
}

binomial_case <- function(x, n, p0) {
  sides <- c(`two-sided` = "two.sided", less = "less", greater = "greater")
  p <- lapply(sides, function(side) binom.test(x, n, p0, alternative = side)$p.value)
  a_case(sprintf("binomial, %d of %d against %s", x, n, format(p0)), "stats::binom.test",
    list(kind = "binomial", x = x, n = n, p0 = p0), p)
}

mcnemar_case <- function(b, c) {
  table <- matrix(c(30, c, b, 40), 2)
  plain <- mcnemar.test(table, correct = FALSE)
  corrected <- mcnemar.test(table, correct = TRUE)
  a_case(sprintf("McNemar, %d and %d", b, c), "stats::mcnemar.test, stats::binom.test",
    list(kind = "mcnemar", b = b, c = c),
    list(exact = binom.test(b, b + c)$p.value, asymptotic = plain$p.value, corrected = corrected$p.value,
      statistic = plain$statistic, statistic_corrected = corrected$statistic))
}

contingency_case <- function(name, table) {
  plain <- quiet(chisq.test(table, correct = FALSE))
  expected <- list(chi_square = plain$p.value, statistic = plain$statistic)
  if (all(dim(table) == 2)) {
    yates <- quiet(chisq.test(table, correct = TRUE))
    expected <- c(expected, yates = yates$p.value, statistic_yates = yates$statistic, fisher = fisher.test(table)$p.value)
  }
  a_case(paste("contingency,", name), "stats::chisq.test, stats::fisher.test",
    list(kind = "contingency", table = table), expected)
}

two <- function(a, b, c, d) matrix(c(a, b, c, d), 2, byrow = TRUE)

# Numbers with exactly this mean and SD.
made <- function(mean, sd, n) mean + sd * as.vector(scale(sin(seq_len(n))))

t_case <- function(mean1, sd1, n1, mean2, sd2, n2) {
  x <- made(mean1, sd1, n1)
  y <- made(mean2, sd2, n2)
  student <- t.test(x, y, var.equal = TRUE)
  welch <- t.test(x, y)
  a_case(sprintf("t, %s (%s, %d) and %s (%s, %d)", mean1, sd1, n1, mean2, sd2, n2), "stats::t.test",
    list(kind = "t", mean1 = mean1, sd1 = sd1, n1 = n1, mean2 = mean2, sd2 = sd2, n2 = n2),
    list(student = student$p.value, welch = welch$p.value, t_student = student$statistic, t_welch = welch$statistic))
}

write_reference("audit-tests", "validation/audit-tests.R", character(0), list(
  interval_case(81, 263, newcombe(c(0.2522, 0.3638), c(0.2553, 0.3662), c(0.2535, 0.3682), c(0.2527, 0.3676))),
  interval_case(15, 148, newcombe(c(0.0527, 0.1500), c(0.0624, 0.1605), c(0.0598, 0.1644), c(0.0578, 0.1617))),
  interval_case(0, 20, newcombe(c(0, 0), c(0, 0.1611), c(0, 0.2005), c(0, 0.1684))),
  interval_case(1, 29, newcombe(NULL, c(0.0061, 0.1718), c(0.0018, 0.1963), c(0.0009, 0.1776))),
  interval_case(1, 1), interval_case(10, 10), interval_case(49, 50), interval_case(480, 1000),
  binomial_case(78, 112, 0.56), binomial_case(58, 63, 0.8), binomial_case(20, 49, 0.35), binomial_case(0, 10, 0.5),
  binomial_case(5, 10, 0.5), binomial_case(10, 10, 0.3), binomial_case(682, 925, 0.75),
  mcnemar_case(12, 3), mcnemar_case(5, 5), mcnemar_case(1, 0), mcnemar_case(150, 86), mcnemar_case(0, 7),
  contingency_case("tea tasting", two(3, 1, 1, 3)),
  contingency_case("sex in two sets", two(139, 75, 53, 39)),
  contingency_case("side in two sets", two(100, 114, 42, 50)),
  contingency_case("empty cell", two(0, 12, 7, 9)),
  contingency_case("no association", two(10, 20, 20, 40)),
  contingency_case("three columns", matrix(c(158, 225, 210, 255, 139, 175), 2)),
  contingency_case("three by three", matrix(c(5, 9, 2, 7, 11, 3, 8, 1, 6), 3)),
  t_case(58.2, 11.6, 214, 55.5, 12.6, 92), t_case(5.2, 2.5, 214, 5.3, 2.4, 92), t_case(10, 1, 2, 12, 5, 40),
  t_case(3, 0.5, 8, 3, 0.7, 9), t_case(100, 15, 30, 80, 3, 5)
))
