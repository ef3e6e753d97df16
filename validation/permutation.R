# Makes tests/reference/permutation.json: exact two-sided permutation P values by full enumeration.
#
# All n! orders of y (multicool::allPerm); P is the share with |r*| >= |r| - 1e-12, the observed order included. pearson_r, spearman_rho:
# stats::cor. Without ties the Spearman P value must equal stats::cor.test(exact = TRUE).

source("validation/common.R")
invisible(suppressMessages(loadNamespace("multicool")))

one <- function(name, x, y) {
  n <- length(x)
  orders <- multicool::allPerm(multicool::initMC(seq_len(n)))
  stopifnot(nrow(orders) == factorial(n))
  enumerate <- function(x, y) {
    all <- cor(x, matrix(y[t(orders)], nrow = n))
    sum(abs(all) >= abs(cor(x, y)) - 1e-12)
  }
  pearson <- enumerate(x, y)
  spearman <- enumerate(rank(x), rank(y))
  if (!anyDuplicated(x) && !anyDuplicated(y)) {
    stopifnot(all.equal(spearman / factorial(n), cor.test(x, y, method = "spearman", exact = TRUE)$p.value))
  }
  a_case(
    name, "multicool::allPerm, stats::cor",
    list(x = x, y = y),
    list(
      permutations = factorial(n),
      pearson_r = cor(x, y), pearson_count = pearson, pearson_p = pearson / factorial(n),
      spearman_rho = cor(x, y, method = "spearman"), spearman_count = spearman, spearman_p = spearman / factorial(n)
    )
  )
}

write_reference("permutation", "validation/permutation.R", "multicool", list(
  one("no ties, n = 7", c(2.1, 3.4, 1.2, 5.9, 4.4, 7.3, 6.0), c(1.5, 2.0, 2.9, 4.1, 6.2, 5.0, 7.7)),
  one("ties in both, n = 7", c(1, 1, 2, 3, 3, 4, 5), c(2, 1, 2, 2, 4, 3, 4)),
  one("weak and negative, n = 7", c(10, 12, 15, 11, 18, 14, 13), c(7, 9, 3, 8, 6, 9, 5)),
  one("two groups in x, n = 8", c(0, 0, 0, 0, 1, 1, 1, 1), c(3, 5, 2, 6, 7, 6, 9, 4))
))
