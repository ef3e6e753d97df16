# Makes tests/reference/icc.json: intraclass correlations of a two-way layout without missing values.
#
# icc_a1, icc_c1, icc_ak, icc_ck: rows ICC2, ICC3, ICC2k, ICC3k of psych::ICC(lmer = FALSE), that is the ANOVA method.
# ms_subjects, ms_raters, ms_residual: mean squares of the same call (stats::aov).

source("validation/common.R")

one <- function(name, scores, ...) {
  result <- psych::ICC(scores, lmer = FALSE)
  icc <- setNames(result$results$ICC, result$results$type)
  ms <- result$stats["MS", ]
  a_case(
    name, "psych::ICC(lmer = FALSE)",
    list(scores = unname(scores)),
    list(
      icc_a1 = icc[["ICC2"]], icc_c1 = icc[["ICC3"]], icc_ak = icc[["ICC2k"]], icc_ck = icc[["ICC3k"]],
      ms_subjects = ms[[1]], ms_raters = ms[[2]], ms_residual = ms[[3]]
    ),
    ...
  )
}

shrout_fleiss <- matrix(c(9, 2, 5, 8, 6, 1, 3, 2, 8, 4, 6, 8, 7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7), ncol = 4, byrow = TRUE)

simulate <- function(n, k, subjects, raters, residual) {
  round(60 + outer(rnorm(n, 0, subjects), rnorm(k, 0, raters), "+") + rnorm(n * k, 0, residual), 1)
}
set.seed(201)
good <- simulate(20, 2, 12, 2, 4)
biased <- simulate(12, 3, 10, 15, 5)
noise <- simulate(8, 3, 0.5, 0.5, 8)
large <- simulate(60, 5, 8, 3, 6)

write_reference("icc", "validation/icc.R", "psych", list(
  one("Shrout and Fleiss 1979, 6 x 4", shrout_fleiss, published = list(
    source = "Shrout and Fleiss (1979), Psychol Bull 86:420-428, tables 2 to 4",
    icc_a1 = 0.29, icc_c1 = 0.71, icc_ak = 0.62, icc_ck = 0.91, ms_subjects = 11.24, ms_raters = 32.49, ms_residual = 1.02
  )),
  one("two raters, 20 x 2", good),
  one("raters differ in level, 12 x 3", biased),
  one("noise only, 8 x 3", noise),
  one("five raters, 60 x 5", large)
))
