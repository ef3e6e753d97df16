# Makes tests/reference/theil-sen.json: the Theil-Sen line in base R.
#
# slope: median of (y_j - y_i) / (x_j - x_i) over all pairs with different x. intercept: median(y - slope x). pairs: how many slopes.
# Rows with a missing value are left out.

source("validation/common.R")

one <- function(name, x, y, ...) {
  whole <- complete.cases(x, y)
  pairs <- t(combn(which(whole), 2))
  dx <- x[pairs[, 2]] - x[pairs[, 1]]
  slopes <- (y[pairs[, 2]] - y[pairs[, 1]])[dx != 0] / dx[dx != 0]
  slope <- median(slopes)
  a_case(
    name, "base R: combn, median",
    list(x = x, y = y),
    list(slope = slope, intercept = median(y[whole] - slope * x[whole]), pairs = length(slopes)),
    ...
  )
}

set.seed(701)
x1 <- sample(2014:2020, 31, replace = TRUE); y1 <- round(50 + 2 * (x1 - 2014) + rnorm(31, 0, 9), 1)
x2 <- sample(0:3, 20, replace = TRUE); y2 <- sample(0:10, 20, replace = TRUE)
x3 <- round(runif(12), 2); y3 <- round(3 - 2 * x3 + rnorm(12, 0, 0.2), 2); y3[12] <- 40
x4 <- round(rnorm(22, 5, 2)); y4 <- round(x4 / 3 + rnorm(22), 2); x4[6] <- NA; y4[c(6, 17)] <- NA
x5 <- c(67, 28, 30, 28, 52, 40, 25, 37, 44, 10, 14, 20, 28, 40, 51)
y5 <- c(21, 4, 9, 12, 35, 18, 10, 22, 24, 1, 6, 8, 13, 16, 19)

write_reference("theil-sen", "validation/theil-sen.R", character(0), list(
  one("example of another package, ties in x, n = 15", x5, y5, published = list(
    source = "CRAN package statpsych, documented output of ci.theil", slope = 0.5
  )),
  one("years with ties, n = 31", x1, y1),
  one("few values of x, ties in y, n = 20", x2, y2),
  one("no ties, one outlier, n = 12", x3, y3),
  one("missing values and ties, n = 22, 20 complete", x4, y4)
))
