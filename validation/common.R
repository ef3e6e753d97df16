# What the other scripts share: a fixed random number generator and a writer of JSON.
#
# write_reference() writes tests/reference/<topic>.json. Numbers get the fewest digits (15 to 17) that read back as the same double,
# NA becomes null, a matrix becomes a list of its rows. (jsonlite::toJSON stops at 15 digits, hence a writer of our own; jsonlite
# quotes the strings and checks the result.)

options(warn = 1)
RNGkind("Mersenne-Twister", "Inversion", "Rejection")

write_number <- function(x) {
  if (is.na(x)) return("null")
  stopifnot(is.finite(x))
  for (digits in 15:17) {
    text <- sprintf("%.*g", digits, x)
    if (as.numeric(text) == x) break
  }
  text
}

write_scalar <- function(x) {
  if (is.character(x)) return(as.character(jsonlite::toJSON(x, auto_unbox = TRUE)))
  if (is.logical(x) && !is.na(x)) return(if (x) "true" else "false")
  write_number(as.numeric(x))
}

write_value <- function(x, indent = "") {
  deeper <- paste0(indent, "  ")
  block <- function(open, parts, close) {
    paste0(open, "\n", paste0(deeper, parts, collapse = ",\n"), "\n", indent, close)
  }
  if (is.matrix(x)) {
    rows <- apply(x, 1, function(row) paste0("[", paste(vapply(row, write_scalar, ""), collapse = ", "), "]"))
    return(block("[", rows, "]"))
  }
  if (is.list(x)) {
    if (is.null(names(x))) return(block("[", vapply(x, write_value, "", indent = deeper), "]"))
    keys <- vapply(names(x), write_scalar, "")
    return(block("{", paste0(keys, ": ", vapply(x, write_value, "", indent = deeper)), "}"))
  }
  parts <- vapply(unname(x), write_scalar, "")
  if (length(x) == 1 && !inherits(x, "AsIs")) return(parts)
  if (length(parts) <= 20) return(paste0("[", paste(parts, collapse = ", "), "]"))
  lines <- split(parts, (seq_along(parts) - 1) %/% 10)
  block("[", vapply(lines, paste, "", collapse = ", "), "]")
}

# One case; `...` are further entries, for instance published = list(...).
a_case <- function(name, source, input, expected, ...) {
  c(list(name = name, source = source, input = input, expected = expected), list(...))
}

write_reference <- function(topic, made_by, packages, cases) {
  versions <- lapply(setNames(packages, packages), function(name) as.character(packageVersion(name)))
  software <- c(list(R = paste(R.version$major, R.version$minor, sep = ".")), versions)
  text <- write_value(list(topic = topic, made_by = made_by, software = software, cases = cases))
  stopifnot(jsonlite::validate(text))
  file <- file.path("tests", "reference", paste0(topic, ".json"))
  writeLines(text, file)
  cat(file, length(cases), "cases\n")
}
