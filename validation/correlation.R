# Makes tests/reference/correlation.json: all numbers from stats::cor.test. Pairs with a missing value are left out.
#
# pearson_r, pearson_p, pearson_low, pearson_high: method = "pearson" (t test, 95 % Fisher interval).
# spearman_rho, spearman_p: method = "spearman", exact = FALSE (t approximation). spearman_p_exact: exact = TRUE, only without ties
# and up to n = 9, where R enumerates all permutations.
# kendall_tau, kendall_p: method = "kendall", exact = FALSE (tau-b, normal approximation with ties). kendall_p_exact: exact = TRUE,
# only without ties.

source("validation/common.R")

one <- function(name, x, y) {
  whole <- complete.cases(x, y)
  ties <- anyDuplicated(x[whole]) > 0 || anyDuplicated(y[whole]) > 0
  pearson <- cor.test(x, y)
  spearman <- cor.test(x, y, method = "spearman", exact = FALSE)
  kendall <- cor.test(x, y, method = "kendall", exact = FALSE)
  exact <- function(method) cor.test(x, y, method = method, exact = TRUE)$p.value
  a_case(
    name, "stats::cor.test",
    list(x = x, y = y),
    list(
      n = sum(whole),
      pearson_r = pearson$estimate[[1]], pearson_p = pearson$p.value,
      pearson_low = pearson$conf.int[1], pearson_high = pearson$conf.int[2],
      spearman_rho = spearman$estimate[[1]], spearman_p = spearman$p.value,
      spearman_p_exact = if (ties || sum(whole) > 9) NA else exact("spearman"),
      kendall_tau = kendall$estimate[[1]], kendall_p = kendall$p.value,
      kendall_p_exact = if (ties) NA else exact("kendall")
    )
  )
}

set.seed(401)
x1 <- round(rnorm(8), 2); y1 <- round(0.5 * x1 + rnorm(8), 2)
x2 <- round(rnorm(22, 60, 12), 3); y2 <- round(0.4 * x2 + rnorm(22, 0, 11), 3)
x3 <- sample(0:6, 31, replace = TRUE); y3 <- pmin(pmax(x3 + sample(-3:3, 31, replace = TRUE), 0), 6)
x4 <- round(rexp(60) * 10, 2); y4 <- round(-0.3 * x4 + rnorm(60, 0, 6), 2)
x5 <- round(rnorm(15, 10, 3)); y5 <- round(x5 + rnorm(15, 0, 4)); x5[c(2, 9)] <- NA; y5[c(5, 9)] <- NA
x6 <- 1:10; y6 <- c(2, 1, 4, 3, 6, 5, 8, 7, 10, 9)

write_reference("correlation", "validation/correlation.R", character(0), list(
  one("no ties, n = 8", x1, y1),
  one("no ties, n = 22", x2, y2),
  one("many ties, n = 31", x3, y3),
  one("skewed, negative, n = 60", x4, y4),
  one("missing values and ties, n = 15, 12 complete", x5, y5),
  one("neighbours swapped, n = 10", x6, y6)
))
