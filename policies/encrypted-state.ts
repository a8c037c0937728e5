import { statSync } from "node:fs";
import type { Context, Rule, Settings, Violation } from "./model/rule.ts";
import { listSetting, matches } from "./model/settings.ts";
import { checkState } from "./state/check.ts";
import { backendDirectory, stateFileSetting } from "./state/read.ts";

const settings: Settings = {
  stateFile: stateFileSetting,
  backends: {
    type: "array",
    default: [],
    items: { type: "string", minLength: 1 },
    description: "patterns of the backend URLs that production may use; empty for any that is not public",
  },
};

/**
 * The state, which keeps every value that Pulumi generated, is encrypted, and in production not where others read it.
 * Reads the state as the last update left it.
 */
export const encryptedState: Rule = {
  name: "encrypted-state",
  description: "The state keeps secrets encrypted, in a place that is not public.",
  level: "mandatory",
  settings,
  stack: (_resources, context) => [
    ...checkState(context.state()),
    ...[...passphraseProblems(context), ...backendProblems(context)].map(([rule, message]): Violation => ({
      rule,
      message,
      urn: "",
    })),
  ],
};

type Problem = readonly [rule: string, message: string];

function passphraseProblems({ env, production }: Context): readonly Problem[] {
  const passphrase = env["PULUMI_CONFIG_PASSPHRASE"];
  if (!production || passphrase === undefined || env["PULUMI_CONFIG_PASSPHRASE_FILE"] !== undefined) return [];
  if (passphrase.length >= 16) return [];
  const what = passphrase === "" ? "is empty" : "is shorter than 16 characters";
  return [
    [
      "passphrase",
      `the passphrase that encrypts the state ${what}: use a secrets provider with a key service, or a long passphrase`,
    ],
  ];
}

function backendProblems(context: Context): readonly Problem[] {
  const backend = context.env["PULUMI_BACKEND_URL"];
  if (!context.production || backend === undefined || backend === "") return [];
  const allowed = listSetting(context.settings, settings, "backends");
  if (allowed.length > 0 && !allowed.some((pattern) => matches(pattern, backend))) {
    return [["backend", "the backend is none of those that production may use: see the setting backends"]];
  }
  if (
    /^http:\/\/(?!localhost|127\.0\.0\.1|\[::1\])/i.test(backend) ||
    /[?&](?:disable_?ssl|disable_https)=true/i.test(backend)
  ) {
    return [["backend", "the state travels unencrypted: use https"]];
  }
  return directoryProblems(backendDirectory(backend));
}

function directoryProblems(directory: string | undefined): readonly Problem[] {
  if (directory === undefined) return [];
  const mode = statSync(directory, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) === 0) return [];
  return [["backend", "other users of this machine can read the backend's directory: chmod 700 it"]];
}
