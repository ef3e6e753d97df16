# Makes tests/reference/multiplicity.json: holm and bh from stats::p.adjust(method = "holm", "BH").
#
# A missing P value stays missing and is not counted as a test (p.adjust).

source("validation/common.R")

one <- function(name, p, ...) {
  a_case(
    name, "stats::p.adjust",
    list(p = p),
    list(holm = p.adjust(p, "holm"), bh = p.adjust(p, "BH")),
    ...
  )
}

set.seed(801)
many <- c(0.0004, 0.003, 0.003, round(runif(20)^2, 3), rep(0.5, 3), rep(0.041, 4), 1)
stopifnot(length(many) == 31)
benjamini <- c(
  0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000
)

write_reference("multiplicity", "validation/multiplicity.R", character(0), list(
  one("Benjamini and Hochberg 1995, 15 tests", benjamini, published = list(
    source = "Benjamini and Hochberg (1995), J R Stat Soc B 57:289-300: four tests are rejected at 0.05",
    rejected_bh = 4
  )),
  one("31 tests with ties", sample(many)),
  one("8 tests, not sorted, 0 and 1", c(0.04, 0, 0.2, 1, 0.011, 0.04, 0.6, 0.009)),
  one("one missing", c(0.01, NA, 0.03, 0.02, 0.5))
))
