# Makes tests/reference/evaluation.json: areas under ROC curves, their comparison, rates of a two by two table, exact tests.
#
# Two curves: pROC::auc, pROC::var, pROC::cov (DeLong), pROC::ci.auc (cut off at 0 and 1), pROC::roc.test (z, p and interval of the
# difference); low_logit, high_logit: plogis(qlogis(auc) -+ qnorm(0.975) sqrt(var) / (auc (1 - auc))).
# Clusters: the definition of Obuchowski (1997) over all pairs in base R, every patient with one truth.
# Rates: stats::prop.test(correct = FALSE), which is Wilson's interval. Exact tests: stats::binom.test.

source("validation/common.R")
suppressPackageStartupMessages(library(pROC))

two_curves <- function(name, source, truth, first, second) {
  curve <- function(x) roc(truth, x, levels = 0:1, direction = "<", quiet = TRUE)
  a <- curve(first)
  b <- curve(second)
  one <- function(r) {
    area <- as.numeric(auc(r))
    plain <- as.numeric(ci.auc(r, method = "delong"))
    half <- qnorm(0.975) * sqrt(var(r)) / (area * (1 - area))
    list(
      auc = area, var = var(r), low = plain[1], high = plain[3],
      low_logit = plogis(qlogis(area) - half), high_logit = plogis(qlogis(area) + half)
    )
  }
  test <- roc.test(a, b, method = "delong", paired = TRUE)
  a_case(
    name, source,
    list(truth = truth, first = first, second = second),
    list(
      first = one(a), second = one(b), cov = cov(a, b), z = unname(test$statistic), p = test$p.value,
      low = test$conf.int[1], high = test$conf.int[2]
    )
  )
}

clusters <- function(name, truth, first, second, patient) {
  psi <- function(x) outer(x[truth == 1], x[truth == 0], function(u, v) (u > v) + (u == v) / 2)
  tables <- list(psi(first), psi(second))
  area <- vapply(tables, mean, 0)
  part <- function(values, who) { # values: one column per score
    sums <- rowsum(values, who)
    k <- nrow(sums)
    k / (k - 1) * crossprod(sums) / nrow(values)^2
  }
  ones <- sapply(1:2, function(i) rowMeans(tables[[i]]) - area[i])
  zeros <- sapply(1:2, function(i) colMeans(tables[[i]]) - area[i])
  v <- part(ones, patient[truth == 1]) + part(zeros, patient[truth == 0])
  a_case(
    name, "definition of Obuchowski (1997), Biometrics 53:567-578, over all pairs in base R",
    list(truth = truth, first = first, second = second, patient = patient),
    list(auc = area, cov = v)
  )
}

table_rates <- function(name, tp, fn, fp, tn) {
  share <- function(x, n) {
    low_high <- prop.test(x, n, correct = FALSE)$conf.int
    c(x / n, low_high[1], low_high[2])
  }
  a_case(
    name, "stats::prop.test(correct = FALSE)",
    list(tp = tp, fn = fn, fp = fp, tn = tn),
    list(
      accuracy = share(tp + tn, tp + fn + fp + tn), sensitivity = share(tp, tp + fn), specificity = share(tn, fp + tn),
      ppv = share(tp, tp + fp), npv = share(tn, tn + fn), fdr = share(fp, tp + fp)
    )
  )
}

exact <- function(name, first_right, second_right, p0) {
  only <- c(sum(first_right & !second_right), sum(second_right & !first_right))
  a_case(
    name, "stats::binom.test",
    list(first_right = first_right + 0, second_right = second_right + 0, p0 = p0),
    list(
      mcnemar = binom.test(only[1], sum(only), 0.5)$p.value,
      binomial = binom.test(sum(first_right), length(first_right), p0)$p.value
    )
  )
}

# DeLong, DeLong and Clarke-Pearson (1988): albumin, total protein, K-G score, outcome; the 43 complete records as printed in the
# SAS/STAT User's Guide, LOGISTIC procedure, example "Comparing Receiver Operating Characteristic Curves"; class 1 is popind = 0.
ovarian <- matrix(c(
  3.0, 5.8, 10, 0, 3.2, 6.3, 5, 1, 3.9, 6.8, 3, 1, 2.8, 4.8, 6, 0, 3.2, 5.8, 3, 1, 0.9, 4.0, 5, 0, 2.5, 5.7, 8, 0, 1.6, 5.6, 5, 1,
  3.8, 5.7, 5, 1, 3.7, 6.7, 6, 1, 3.2, 5.4, 4, 1, 3.8, 6.6, 6, 1, 4.1, 6.6, 5, 1, 3.6, 5.7, 5, 1, 4.3, 7.0, 4, 1, 3.6, 6.7, 4, 0,
  2.3, 4.4, 6, 1, 4.2, 7.6, 4, 0, 4.0, 6.6, 6, 0, 3.5, 5.8, 6, 1, 3.8, 6.8, 7, 1, 3.0, 4.7, 8, 0, 4.5, 7.4, 5, 1, 3.7, 7.4, 5, 1,
  3.1, 6.6, 6, 1, 4.1, 8.2, 6, 1, 4.3, 7.0, 5, 1, 4.3, 6.5, 4, 1, 3.2, 5.1, 5, 1, 2.6, 4.7, 6, 1, 3.3, 6.8, 6, 0, 1.7, 4.0, 7, 0,
  3.7, 6.1, 5, 1, 3.3, 6.3, 7, 1, 4.2, 7.7, 6, 1, 3.5, 6.2, 5, 1, 2.9, 5.7, 9, 0, 2.1, 4.8, 7, 1, 2.8, 6.2, 8, 0, 4.0, 7.0, 7, 1,
  3.3, 5.7, 6, 1, 3.7, 6.9, 5, 1, 3.6, 6.6, 5, 1
), ncol = 4, byrow = TRUE)
ill <- 1 - ovarian[, 4]

set.seed(801)
n <- 160
truth <- rep(0:1, c(90, 70))
shared <- rnorm(n)
first <- round(plogis(1.3 * truth + shared + rnorm(n)), 2) # rounded: ties
second <- round(plogis(0.6 * truth + shared + rnorm(n)), 2)

patients <- 30
images <- sample(1:7, patients, replace = TRUE)
who <- rep(seq_len(patients), images)
of_patient <- rep(0:1, length.out = patients)[who]
effect <- rnorm(patients)[who]
m <- length(who)
c_first <- round(plogis(1.2 * of_patient + effect + rnorm(m)), 2)
c_second <- round(plogis(0.8 * of_patient + effect + rnorm(m)), 2)

documented <- "pROC; data of DeLong et al. (1988), Biometrics 44:837-845, as printed in the SAS/STAT User's Guide"
write_reference("evaluation", "validation/evaluation.R", "pROC", list(
  two_curves("albumin and K-G score, n = 43", documented, ill, -ovarian[, 1], ovarian[, 3]),
  two_curves("total protein and K-G score, n = 43", documented, ill, -ovarian[, 2], ovarian[, 3]),
  two_curves("rounded probabilities, n = 160", "pROC", truth, first, second),
  clusters("30 patients with 1 to 7 images", of_patient, c_first, c_second, who),
  table_rates("table 35, 6, 7, 44", 35, 6, 7, 44),
  table_rates("table without an error in class 1", 20, 0, 3, 17),
  exact("answers at 0.5, n = 160", (first >= 0.5) == truth, (second >= 0.5) == truth, 90 / 160)
))
