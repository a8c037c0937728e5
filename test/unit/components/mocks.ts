import * as pulumi from "@pulumi/pulumi";
import { canonicalType } from "../../../policies/model/properties.ts";
import type { Resource } from "../../../policies/model/rule.ts";

/** What a program registered. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A value that no output, name or label may hold in the clear. */
export const sentinel = "S3nt1nelValueThatMustNotAppearInTheClear000";

/** What a mocked engine is told beside the config. */
interface MockOptions {
  readonly stack?: string;
  /** Whether nothing that the program could connect to is there. */
  readonly preview?: boolean;
  /** Keys of the config that are encrypted. */
  readonly encrypted?: readonly string[];
  /** Until when the provider's answer for a resource of that name is kept back. */
  readonly answered?: (name: string) => Promise<unknown>;
}

/** Replaces the engine. Set before any program code is imported. Answers what is registered, as it is registered. */
export async function mockEngine(
  config: Record<string, string> = {},
  { stack = "dev", preview = false, encrypted = [], answered = () => Promise.resolve() }: MockOptions = {},
): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs }) => {
        const given = inputs as Record<string, unknown>;
        recorded.push({ type, name, inputs: given });
        await answered(name);
        return { id: `${name}-id`, state: { name: `${name}-0000000`, ...given, ...computed(type, name) } };
      },
      call: ({ inputs }) => inputs as Record<string, unknown>,
    },
    "goimg-secrets",
    stack,
    preview,
    "organization",
  );
  const key = (name: string): string => `goimg-secrets:${name}`;
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(config).map(([k, v]) => [key(k), v])),
    encrypted.map(key),
  );
  return recorded;
}

/** What was registered, as the policy pack gets it. Values in stores and generators are the sentinel. */
export function resourcesOf(recorded: readonly Recorded[]): readonly Resource[] {
  return recorded.map(({ type, name, inputs }) => {
    const urn = `urn:pulumi:dev::goimg-secrets::${type}::${name}`;
    const rest = { deleteBeforeReplace: false, dependsOn: new Map<string, readonly string[]>(), after: [] };
    return { ...rest, type: canonicalType(type), name, urn, props: inputs };
  });
}

/** Resolves an output, with whether it is secret. */
export async function resolve<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean }> {
  const value = await new Promise<T>((done) => {
    output.apply(done);
  });
  return { value, secret: await pulumi.isSecret(output) };
}

/** Waits until everything that was registered so far is recorded. */
export async function settle(): Promise<void> {
  await pulumi.runtime.disconnect();
}

function computed(type: string, name: string): Record<string, unknown> {
  switch (type) {
    case "pulumi:pulumi:StackReference":
      return { outputs: {}, secretOutputNames: [] };
    case "random:index/randomPassword:RandomPassword":
      return { result: `${sentinel}-${name}` };
    case "tls:index/privateKey:PrivateKey":
      return {
        privateKeyPem: `${sentinel}-private-${name}`,
        privateKeyOpenssh: `${sentinel}-private-${name}`,
        publicKeyPem: `public-${name}`,
        publicKeyOpenssh: `ssh-public ${name}`,
      };
    case "digitalocean:index/spacesKey:SpacesKey":
      return { accessKey: `DO00${name.toUpperCase()}`, secretKey: `${sentinel}-${name}` };
    case "digitalocean:index/droplet:Droplet":
      return { ipv4Address: `198.51.100.${name.length}`, ipv4AddressPrivate: `10.108.0.${name.length}` };
    default:
      return {};
  }
}
