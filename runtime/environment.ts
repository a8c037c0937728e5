/**
 * Stores whose platform puts the values into the environment of a service before it starts: the file `DB_PASSWORD` is the variable
 * `DB_PASSWORD`, the file `DB_PASSWORD.3` is `DB_PASSWORD__3`. Each variable is taken out of the environment once it is read, so that no
 * process that the service starts inherits it.
 */
import type { SecretProvider } from "./provider.ts";
import { ProviderError } from "./providerError.ts";

/** Name of the variable that is a file of the manifest. */
export function fileVariable(fileName: string): string {
  return fileName.replace(".", "__");
}

/** The way back: the entry that a variable is of, and whether it holds the active generation. */
export function entryOfVariable(variable: string): { readonly entry: string; readonly active: boolean } {
  const [entry = variable, other] = variable.split(/__(?=\d+$)/);
  return { entry, active: other === undefined };
}

/** @param fix what to do about a variable that is not set: the end of a sentence that names it */
export function handedOver(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  fix: (variable: string) => string,
): SecretProvider {
  return {
    name,
    allowedInProduction: true,
    read(fileName) {
      const variable = fileVariable(fileName);
      const value = env[variable];
      if (value === undefined) return Promise.reject(new ProviderError("missing", `is not set; ${fix(variable)}`));
      if (env === process.env) Reflect.deleteProperty(process.env, variable);
      return Promise.resolve(Buffer.from(value, "utf8"));
    },
  };
}
