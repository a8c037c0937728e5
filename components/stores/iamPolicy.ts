/** A policy of AWS IAM, as its text (the version of the language that AWS' documentation names). */
export const iamPolicy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
