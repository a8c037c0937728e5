/** What the gate looks at, as plain data, read from the running stack by `readers/`. None of it holds a value of a secret. */
import type { SecretStatus } from "../status.ts";

/** One secret in a service's spec. */
export interface MountFact {
  readonly file: string;
  /** Entry, generation and stack, as the store's labels say; undefined for a secret without them. */
  readonly entry: string | undefined;
  readonly generation: number | undefined;
  readonly stack: string | undefined;
  /** The service of this stack that logs in to a store with it; undefined for a generation of an entry. */
  readonly login: string | undefined;
  readonly uid: string;
  readonly mode: number;
}

/** What a service may read of a store that it logs in to by itself, asked of that store. */
export interface AccessFact {
  readonly role: string;
  /** Entries of this stack that it may read. */
  readonly entries: readonly string[];
  /** What else it may do there. */
  readonly others: readonly string[];
}

/** One service, as its spec says. */
export interface ServiceFact {
  /** Its name in the catalog, or in Docker when it has none there. */
  readonly name: string;
  readonly job: boolean;
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly MountFact[];
  /** Undefined for a service whose secrets are mounted. */
  readonly access: AccessFact | undefined;
  /** `uid:gid`; empty for the image's own. */
  readonly user: string;
  readonly readOnly: boolean;
  readonly dropsAll: boolean;
  readonly replicas: number;
  readonly hasHealth: boolean;
  readonly order: string;
  readonly onFailure: string;
  readonly rollbackOrder: string;
  readonly networks: readonly string[];
  readonly publishes: boolean;
}

/** One generation of one entry in the store. */
export interface StoredFact {
  readonly entry: string;
  readonly generation: number;
  readonly createdAt: Date;
}

/** What one running container finds under `/run/secrets`. */
export interface InsideFact {
  readonly service: string;
  readonly container: string;
  /** The user that its processes run as. */
  readonly uid: string;
  readonly files: readonly {
    readonly name: string;
    readonly mode: number;
    readonly uid: string;
    readonly type: string;
    readonly fileSystem: string;
  }[];
}

/** A search for every real value of the stack. */
export interface SearchFact {
  /** Generations whose value was searched for, and in how many forms of writing. */
  readonly values: readonly string[];
  readonly forms: number;
  readonly places: number;
  readonly bytes: number;
  /** Whether a value made for this search, planted in one more place, was found in each form. */
  readonly provedByPlanted: boolean;
  /** `NAME-gN (form) in place`. */
  readonly hits: readonly string[];
}

/** A real image started anew with one setting changed, apart from the stack: no network, no volume, and no secret. */
export interface StartFact {
  readonly service: string;
  /** SECRET_PROVIDER; undefined: as the service has it. */
  readonly provider: string | undefined;
  /** Undefined when it still ran after the time that a refusal takes. */
  readonly exitCode: number | undefined;
  /** Entries that it has to have, of those that its output names. */
  readonly required: readonly string[];
  readonly named: readonly string[];
  /** Reasons of its findings (`docs/runtime.md`). */
  readonly reasons: readonly string[];
}

/** The backends of the runtime library, each asked for the same made-up value. */
export interface BackendFact {
  readonly provider: string;
  readonly answersTheValue: boolean;
  readonly allowedInProduction: boolean;
}

/** A token presented to the running API. */
export interface TokenTry {
  readonly what: string;
  readonly shouldBe: "accepted" | "refused";
  /** HTTP status: 401 is a refusal; 404 an accepted token of a user that does not exist. */
  readonly status: number;
}

/** The keys of the running API, and what it does with tokens. */
export interface TokensFact {
  readonly keys: readonly { readonly kid: string; readonly alg: string; readonly kty: string; readonly bits: number }[];
  readonly tries: readonly TokenTry[];
  /** Generations of the legacy HS256 key that are in the store. */
  readonly legacy: readonly number[];
}

/** What a server accepts, asked of the server itself. */
export interface AcceptedFact {
  readonly server: string;
  readonly secret: string;
  readonly live: readonly number[];
  /** Logins that it would let in: generations, or a text for one that is none of the stack's. */
  readonly accepts: readonly (number | string)[];
}

/** A file or folder of the operator's machine that only its owner may read. */
export interface HostFileFact {
  readonly path: string;
  readonly directory: boolean;
  readonly mode: number;
}

/** What the policy pack found. */
export interface PolicyViolation {
  readonly policy: string;
  readonly rule: string;
  readonly level: "mandatory" | "advisory";
  readonly message: string;
}

/** Everything, by name. */
export interface FactValues {
  /** Whether any service runs as in production. */
  readonly production: boolean;
  readonly services: readonly ServiceFact[];
  readonly store: readonly StoredFact[];
  readonly insides: readonly InsideFact[];
  readonly shown: SearchFact;
  /** Formats of the real values: what is wrong with each generation. */
  readonly formats: readonly { readonly name: string; readonly reasons: readonly string[] }[];
  /** Real values that are in more than one place of the store. */
  readonly repeated: readonly string[];
  readonly starts: readonly StartFact[];
  readonly providers: readonly StartFact[];
  readonly backends: readonly BackendFact[];
  readonly tokens: TokensFact;
  readonly accepted: readonly AcceptedFact[];
  readonly status: readonly SecretStatus[];
  readonly history: {
    readonly repositories: readonly string[];
    readonly commits: number;
    readonly searched: readonly string[];
    readonly seen: readonly string[];
  };
  readonly files: {
    readonly scanned: readonly string[];
    readonly findings: readonly string[];
    readonly search: SearchFact;
  };
  readonly host: readonly HostFileFact[];
  readonly rest: {
    readonly stateProvider: string;
    readonly stateProblems: readonly string[];
    readonly search: SearchFact;
    readonly plainNetworks: readonly string[];
    readonly encryptedNetworks: readonly string[];
    readonly autolock: boolean;
  };
  readonly stacks: {
    /** Stacks of the same backend, with the generations that hold a value of this one. */
    readonly others: readonly { readonly stack: string; readonly shared: readonly string[] }[];
    /** Other stacks' config files with the same encryption salt. */
    readonly sameSalt: readonly string[];
  };
  readonly audit: {
    readonly entries: number;
    readonly broken: string | undefined;
    /** What of the Swarm changed since the log last looked. */
    readonly unrecorded: readonly string[];
    /** Running tasks that hold secrets, with whether each has reported in its log what it read. */
    readonly reports: readonly { readonly task: string; readonly said: boolean }[];
    readonly auditd: "watches" | "incomplete" | "absent";
    readonly unwatched: readonly string[];
  };
  readonly backup: {
    readonly address: string;
    readonly at: Date;
    readonly bytes: number;
    readonly encrypted: boolean;
    readonly asRecorded: boolean;
    readonly holds: readonly string[];
  };
  readonly build: {
    readonly policies: readonly string[];
    readonly resources: number;
    readonly violations: readonly PolicyViolation[];
    /** Why the preview did not end; undefined when it did. */
    readonly failure: string | undefined;
    /** A malformed value of a third party's secret, given to a preview: whether it was refused, naming the entry. */
    readonly malformed: { readonly entry: string; readonly refused: boolean };
  };
}

/** Each fact is read when a control asks, once. Rejects with `NotReadable` when it can't be read. */
export type Facts = { readonly [K in keyof FactValues]: () => Promise<FactValues[K]> };
