# Makes tests/reference/partial-correlation.json: correlation of x and y given one or more controls.
#
# r, spearman_r: psych::partial.r (method = "pearson", "spearman") on complete cases; must equal the correlation of stats::lm
# residuals (of ranks for Spearman) and corpcor::cor2pcor. t, p, spearman_p: t with n - 2 - (number of controls) degrees of freedom;
# p must equal the P value of x in lm(y ~ x + controls). low, high: psych::r.con(r, n - controls), the 95 % Fisher interval.

source("validation/common.R")

test <- function(r, df) {
  t <- r * sqrt(df / (1 - r^2))
  list(t = t, p = 2 * pt(-abs(t), df))
}

one <- function(name, x, y, controls) {
  controls <- as.matrix(controls)
  data <- na.omit(data.frame(x = x, y = y, controls))
  k <- ncol(controls)
  names(data) <- c("x", "y", paste0("z", seq_len(k)))
  df <- nrow(data) - 2 - k
  partial <- function(method) psych::partial.r(data, x = 1:2, y = 2 + seq_len(k), method = method)[1, 2]
  r <- partial("pearson")
  rho <- partial("spearman")
  residuals_r <- function(d) {
    cor(resid(lm(x ~ . - y, d)), resid(lm(y ~ . - x, d)))
  }
  p <- test(r, df)$p
  stopifnot(
    all.equal(r, residuals_r(data)),
    all.equal(rho, residuals_r(data.frame(lapply(data, rank)))),
    all.equal(r, corpcor::cor2pcor(cor(data))[1, 2]),
    all.equal(p, summary(lm(y ~ ., data))$coefficients["x", 4])
  )
  interval <- as.vector(psych::r.con(r, nrow(data) - k))
  a_case(
    name, "psych::partial.r; equal to stats::lm residuals and corpcor::cor2pcor",
    if (k == 1) list(x = x, y = y, z = controls[, 1]) else list(x = x, y = y, z = controls),
    list(
      n = nrow(data), df = df, r = r, t = test(r, df)$t, p = p, low = interval[1], high = interval[2],
      spearman_r = rho, spearman_p = test(rho, df)$p
    )
  )
}

set.seed(501)
z1 <- round(rnorm(22, 10, 3), 2); x1 <- round(0.6 * z1 + rnorm(22, 0, 3), 2); y1 <- round(0.5 * z1 + 0.3 * x1 + rnorm(22, 0, 2), 2)
z2 <- sample(2014:2020, 31, replace = TRUE); x2 <- z2 - 2014 + sample(0:9, 31, replace = TRUE); y2 <- sample(0:5, 31, replace = TRUE) + (x2 > 7)
z3 <- round(rnorm(12), 2); x3 <- round(2 * z3 + rnorm(12), 2); y3 <- round(2 * z3 + rnorm(12), 2)
z4 <- round(cbind(rnorm(40), rnorm(40)), 2); x4 <- round(z4[, 1] - z4[, 2] + rnorm(40), 2); y4 <- round(z4[, 2] + 0.5 * x4 + rnorm(40), 2)
z5 <- round(rnorm(20), 1); x5 <- round(z5 + rnorm(20), 1); y5 <- round(-x5 + rnorm(20), 1)
x5[4] <- NA; y5[c(4, 10)] <- NA; z5[15] <- NA

write_reference("partial-correlation", "validation/partial-correlation.R", c("psych", "corpcor"), list(
  one("one control, n = 22", x1, y1, z1),
  one("ties, control is a year, n = 31", x2, y2, z2),
  one("correlation due to the control, n = 12", x3, y3, z3),
  one("two controls, n = 40", x4, y4, z4),
  one("missing values, n = 20, 17 complete", x5, y5, z5)
))
