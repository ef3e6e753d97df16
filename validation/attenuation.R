# Makes tests/reference/attenuation.json: a correlation corrected for the unreliability of both measures.
#
# corrected: upper triangle of psych::correct.cor, r / sqrt(rel_x rel_y); may pass 1. maximum: sqrt(rel_x rel_y) in base R, the largest
# correlation that measures of this reliability can show.

source("validation/common.R")

one <- function(name, r, rel_x, rel_y) {
  corrected <- psych::correct.cor(matrix(c(1, r, r, 1), 2), c(rel_x, rel_y))[1, 2]
  a_case(
    name, "psych::correct.cor",
    list(r = r, rel_x = rel_x, rel_y = rel_y),
    list(corrected = corrected, maximum = sqrt(rel_x * rel_y))
  )
}

write_reference("attenuation", "validation/attenuation.R", "psych", list(
  one("both unreliable", 0.402, 0.81, 0.64),
  one("negative", -0.35, 0.7, 0.9),
  one("one measure without error", 0.3, 0.55, 1),
  one("passes 1", 0.6, 0.5, 0.6),
  one("no correlation", 0, 0.8, 0.8),
  one("not rounded", 0.21739130434782608, 0.7123, 0.8451)
))
