# Makes tests/reference/bland-altman.json: limits of agreement and the smallest detectable change.
#
# mean, sd: base R of the differences a - b. lower, upper: mean -+ qnorm(0.975) sd; lower_196, upper_196 the same with 1.96.
# sdc: qnorm(0.975) sqrt(2) SEM, SEM^2 = variance between raters (not below 0) + residual variance, both from stats::aov of
# score ~ subject + rater. sem: that SEM; sdc_196: with 1.96.

source("validation/common.R")

change <- function(scores) {
  n <- nrow(scores)
  data <- data.frame(
    score = as.vector(scores), subject = factor(row(scores)), rater = factor(col(scores))
  )
  ms <- summary(aov(score ~ subject + rater, data))[[1]][["Mean Sq"]]
  between <- max((ms[2] - ms[3]) / n, 0)
  sem <- sqrt(between + ms[3])
  list(sem = sem, sdc = qnorm(0.975) * sqrt(2) * sem, sdc_196 = 1.96 * sqrt(2) * sem)
}

pair <- function(name, a, b, ...) {
  d <- a - b
  z <- qnorm(0.975)
  a_case(
    name, "base R mean, sd; stats::aov",
    list(a = a, b = b, scores = cbind(a, b)),
    c(list(
      mean = mean(d), sd = sd(d), lower = mean(d) - z * sd(d), upper = mean(d) + z * sd(d),
      lower_196 = mean(d) - 1.96 * sd(d), upper_196 = mean(d) + 1.96 * sd(d)
    ), change(cbind(a, b))),
    ...
  )
}

wright <- c(494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
mini <- c(512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)

set.seed(301)
truth <- rnorm(31, 62, 11)
a2 <- round(truth + rnorm(31, 4, 5), 1); b2 <- round(truth + rnorm(31, 0, 5), 1)
truth <- rnorm(8, 50, 10)
a3 <- round(truth + rnorm(8, 0, 6)); b3 <- round(truth + rnorm(8, 0, 6))
three <- round(outer(rnorm(18, 60, 10), c(-4, 0, 5), "+") + rnorm(54, 0, 4), 1)

write_reference("bland-altman", "validation/bland-altman.R", character(0), list(
  pair("Bland and Altman 1986, peak flow, n = 17", wright, mini, published = list(
    source = "Bland and Altman (1986), Lancet 327:307-310: mean -2.1, SD 38.8, limits mean -+ 2 SD",
    mean = -2.1, sd = 38.8, lower_2sd = -79.7, upper_2sd = 75.5
  )),
  pair("first rater higher, n = 31", a2, b2),
  pair("whole numbers, small, n = 8", a3, b3),
  a_case(
    "three raters, only sdc, n = 18", "stats::aov", list(scores = three), change(three)
  )
))
