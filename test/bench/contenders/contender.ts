/** What is timed: from nothing to all, from all to all, and back to nothing. */
export const phases = ["create", "noop", "destroy"] as const;

/** One of {@link phases}. */
export type Phase = (typeof phases)[number];

/** Ways to do the same work. */
export const contenderNames = ["pulumi", "terraform", "opentofu", "shell"] as const;

/** One of {@link contenderNames}. */
export type ContenderName = (typeof contenderNames)[number];

/**
 * What has to be done: one RSA 4096 key pair and this many passwords, each generated and put into a Swarm secret.
 */
export interface Work {
  readonly passwords: number;
  /** Also one service, without a task, that is granted all of them. */
  readonly service: boolean;
  /** Address of the engine, as in DOCKER_HOST. */
  readonly host: string;
  /** An empty folder for the contender's files. */
  readonly directory: string;
}

/** A process to time. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A way to do the work. */
export interface Contender {
  readonly name: ContenderName;
  /** Name and version, for the report. */
  readonly title: string;
  /** Writes what the commands need. Not timed: a user does it once. */
  prepare(work: Work): Promise<Readonly<Record<Phase, Command>>>;
}

/** Swarm secrets that the work makes: one for each password, two for the key pair. */
export function secretsOf({ passwords }: Pick<Work, "passwords">): number {
  return passwords + 2;
}
