# Makes tests/reference/kappa.json and kappa-light.json: Cohen's kappa of two raters, Light's kappa of three.
#
# kappa, kappa_linear, kappa_quadratic: psych::cohen.kappa with a custom matrix of agreement weights 1 - |i - j| / range and
# 1 - (i - j)^2 / range^2 of the category values (psych reads a matrix with a diagonal above 0 as agreement). The same numbers are
# computed with vcd::Kappa and must be equal. Light's kappa: av.kappa and av.wt of psych::cohen.kappa, the mean over pairs of raters.

source("validation/common.R")
suppressPackageStartupMessages(library(vcd))

agreement <- function(values, power) {
  1 - (abs(outer(values, values, "-")) / diff(range(values)))^power
}

weighted <- function(data, values, power) {
  suppressMessages(suppressWarnings(psych::cohen.kappa(data, w = agreement(values, power), levels = values)))
}

two_raters <- function(name, a, b, values) {
  data <- data.frame(a, b)
  linear <- weighted(data, values, 1)
  quadratic <- weighted(data, values, 2)
  table <- unclass(table(factor(a, values), factor(b, values)))
  peer <- function(power) suppressWarnings(vcd::Kappa(table, weights = agreement(values, power)))
  stopifnot(
    all.equal(linear$kappa, peer(1)$Unweighted[["value"]]),
    all.equal(linear$weighted.kappa, peer(1)$Weighted[["value"]]),
    all.equal(quadratic$weighted.kappa, peer(2)$Weighted[["value"]])
  )
  equal_spacing <- length(unique(diff(values))) == 1
  if (equal_spacing) stopifnot(
    all.equal(linear$weighted.kappa, vcd::Kappa(table, weights = "Equal-Spacing")$Weighted[["value"]]),
    all.equal(quadratic$weighted.kappa, vcd::Kappa(table, weights = "Fleiss-Cohen")$Weighted[["value"]])
  )
  a_case(
    name,
    if (equal_spacing) "psych::cohen.kappa; equal to vcd::Kappa (Equal-Spacing, Fleiss-Cohen)"
    else "psych::cohen.kappa with custom agreement weights; equal to vcd::Kappa with the same weights",
    list(a = a, b = b, values = values),
    list(kappa = linear$kappa, kappa_linear = linear$weighted.kappa, kappa_quadratic = quadratic$weighted.kappa)
  )
}

# A second rater who repeats the first with probability `same`, else answers at random.
second <- function(a, values, same) {
  ifelse(runif(length(a)) < same, a, sample(values, length(a), replace = TRUE))
}

set.seed(101)
points <- c(0, 2, 3, 4)
a1 <- sample(0:4, 60, replace = TRUE); b1 <- second(a1, 0:4, 0.55)
a2 <- sample(points, 40, replace = TRUE, prob = c(1, 2, 3, 4)); b2 <- second(a2, points, 0.6)
a3 <- sample(0:2, 30, replace = TRUE); b3 <- second(a3, 0:2, 0.5)
a4 <- sample(c(0, 2, 4), 12, replace = TRUE); b4 <- second(a4, c(0, 2, 4), 0.5)
a5 <- c(0, 0, 1, 1, 1, 0, 1, 1); b5 <- c(1, 0, 0, 1, 1, 1, 1, 0)
a6 <- sample(points, 25, replace = TRUE); b6 <- second(a6, points, 0.7)
a6[c(3, 11)] <- NA; b6[c(7, 11, 20)] <- NA

write_reference("kappa", "validation/kappa.R", c("psych", "vcd"), list(
  two_raters("five categories, n = 60", a1, b1, 0:4),
  two_raters("unequal spacing, n = 40", a2, b2, points),
  two_raters("three categories, n = 30", a3, b3, 0:2),
  two_raters("unequal spacing, category 3 not used, n = 12", a4, b4, points),
  two_raters("two categories, n = 8, below chance", a5, b5, 0:1),
  two_raters("unequal spacing, missing answers: such pairs are left out, n = 25", a6, b6, points)
))

light <- function(name, ratings, values) {
  linear <- weighted(data.frame(ratings), values, 1)
  quadratic <- weighted(data.frame(ratings), values, 2)
  pairs <- t(combn(ncol(ratings), 2))
  each <- function(what) apply(pairs, 1, function(p) weighted(data.frame(na.omit(ratings[, p])), values, 1)[[what]])
  stopifnot(all.equal(linear$av.kappa, mean(each("kappa"))), all.equal(linear$av.wt, mean(each("weighted.kappa"))))
  a_case(
    name, "psych::cohen.kappa, av.kappa and av.wt",
    list(ratings = unname(ratings), values = values),
    list(kappa = linear$av.kappa, kappa_linear = linear$av.wt, kappa_quadratic = quadratic$av.wt)
  )
}

set.seed(102)
r1 <- sample(points, 30, replace = TRUE)
three <- cbind(r1, second(r1, points, 0.6), second(r1, points, 0.7))
r2 <- sample(0:2, 24, replace = TRUE)
gaps <- cbind(r2, second(r2, 0:2, 0.6), second(r2, 0:2, 0.5), second(r2, 0:2, 0.8))
gaps[cbind(c(2, 5, 9, 9, 14, 20), c(1, 3, 2, 4, 4, 1))] <- NA

write_reference("kappa-light", "validation/kappa.R", "psych", list(
  light("three raters, unequal spacing, n = 30", three, points),
  light("four raters, missing answers left out pair by pair, n = 24", gaps, 0:2)
))
