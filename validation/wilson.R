# Makes tests/reference/wilson.json: the 95 % score interval of Wilson, stats::prop.test(correct = FALSE)$conf.int.

source("validation/common.R")

one <- function(x, n, published = NULL) {
  interval <- suppressWarnings(prop.test(x, n, correct = FALSE)$conf.int)
  extra <- list()
  if (!is.null(published)) {
    stopifnot(round(interval, 4) == published)
    extra <- list(published = list(
      source = "Newcombe (1998), Stat Med 17:857-872, table I, method 3", low = published[1], high = published[2]
    ))
  }
  do.call(a_case, c(list(
    sprintf("%d of %d", x, n), "stats::prop.test(correct = FALSE)",
    list(x = x, n = n, level = 0.95), list(low = interval[1], high = interval[2])
  ), extra))
}

write_reference("wilson", "validation/wilson.R", character(0), list(
  one(0, 22), one(1, 22), one(16, 22), one(22, 22), one(5, 31), one(148, 263),
  one(81, 263, c(0.2553, 0.3662)), one(15, 148, c(0.0624, 0.1605)), one(0, 20, c(0, 0.1611)), one(1, 29, c(0.0061, 0.1718))
))
