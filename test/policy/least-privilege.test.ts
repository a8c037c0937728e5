import { describe, expect, it } from "vitest";
import { leastPrivilege } from "../../policies/least-privilege.ts";
import { summary, violationsOf } from "./support/run.ts";
import { compliantStack, otherPassword, resource, secret, withChange } from "./support/stack.ts";

const mounted = ["taskSpec", "containerSpec", "secrets", 0] as const;
const broken = (name: string, path: readonly (string | number)[], value: unknown) =>
  summary(violationsOf(leastPrivilege, withChange(compliantStack(), name, path, value)));
const alone = (type: string, props: Record<string, unknown>) =>
  violationsOf(leastPrivilege, [resource(type, "it", props)]).map(({ rule }) => rule);

const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-Ab12Cd";
const statement = (changed: object) => ({
  policy: JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["secretsmanager:GetSecretValue"], Resource: [arn], ...changed }],
  }),
});

describe("least-privilege: mounts", () => {
  it.each([
    ["readable by all", 0o444],
    ["readable by the group", 0o440],
    ["writable", 0o600],
    ["executable", 0o500],
    ["of Docker's default mode", undefined],
  ])("refuses a secret that is %s", (_what, mode) => {
    expect(broken("api", [...mounted, "fileMode"], mode)).toEqual(["file-mode at api"]);
  });

  it.each([
    ["root", "0"],
    ["root, by default", undefined],
    ["another user", "10002"],
  ])("refuses a secret owned by %s", (_what, uid) => {
    expect(broken("api", [...mounted, "fileUid"], uid)).toEqual(["file-owner at api"]);
  });

  it("lets root own the secrets of a service that runs as root", () => {
    const root = withChange(compliantStack(), "api", ["taskSpec", "containerSpec", "user"], undefined);
    expect(summary(violationsOf(leastPrivilege, withChange(root, "api", [...mounted, "fileUid"], "0")))).toEqual([]);
  });
});

describe("least-privilege: variables of App Platform", () => {
  const variable = (key: string, changed: object = {}) => ({
    key,
    value: otherPassword,
    type: "SECRET",
    scope: "RUN_TIME",
    ...changed,
  });
  const app = (spec: object) => resource("digitalocean:index:App", "it", { spec: { name: "shop", ...spec } });
  const rulesOf = (spec: object, settings = {}) =>
    violationsOf(leastPrivilege, [app(spec)], { settings }).map(({ rule, message }) => {
      expect(message).not.toContain(otherPassword);
      return rule;
    });
  const api = (...envs: readonly object[]) => ({ services: [{ name: "api", envs }] });

  it("accepts what a component was granted, in any generation, at run time alone", () => {
    expect(rulesOf(api(variable("DB_PASSWORD"), variable("JWT_PRIVATE_KEY__12")))).toEqual([]);
  });

  it.each([
    ["another component's entry", api(variable("SMTP_PASSWORD"))],
    ["another generation of one", api(variable("SMTP_PASSWORD__2"))],
    ["an entry of everybody", { envs: [variable("DB_PASSWORD")] }],
    ["a worker's that is the API's", { workers: [{ name: "worker", envs: [variable("REDIS_PASSWORD")] }] }],
    ["a job's that is the API's", { jobs: [{ name: "db-migrate", envs: [variable("REDIS_PASSWORD")] }] }],
  ])("refuses %s", (_what, spec) => {
    expect(rulesOf(spec)).toEqual(["grant"]);
  });

  it("takes another project's grants from the settings, and knows nothing of one that names none", () => {
    const shop = { workers: [{ name: "mailer", envs: [variable("MAIL_TOKEN")] }] };
    expect(rulesOf(shop)).toEqual([]);
    expect(rulesOf(shop, { grants: { mailer: ["MAIL_*"] } })).toEqual([]);
    expect(rulesOf(shop, { grants: { mailer: ["OTHER"] } })).toEqual(["grant"]);
    expect(rulesOf({ envs: [variable("MAIL_TOKEN")] })).toEqual([]);
  });

  it.each([[undefined], ["RUN_AND_BUILD_TIME"], ["BUILD_TIME"]])("refuses a secret of the scope %s", (scope) => {
    expect(rulesOf(api(variable("DB_PASSWORD", { scope })))).toEqual(["build-scope"]);
    expect(rulesOf(api(variable("DB_HOST", { scope, type: "GENERAL", value: "db" })))).toEqual([]);
  });
});

describe("least-privilege: grants", () => {
  it("refuses an entry that the service was not granted, by what it was computed from or by id", () => {
    const admin = secret("REDIS_ADMIN_PASSWORD-g1", otherPassword);
    const stack = [...compliantStack(), admin];
    const reference = { secretId: "id-of-REDIS_ADMIN_PASSWORD-g1", fileMode: 0o400, fileUid: "10001" };
    expect(summary(violationsOf(leastPrivilege, withChange(stack, "api", mounted, reference)))).toEqual([
      "grant at api",
    ]);
    const computed = stack.map((candidate) =>
      candidate.name === "gateway" ? { ...candidate, dependsOn: new Map([["taskSpec", [admin.urn]]]) } : candidate,
    );
    expect(summary(violationsOf(leastPrivilege, computed))).toEqual(["grant at gateway"]);
  });

  it("takes another project's grants from the settings", () => {
    const token = secret("token", otherPassword);
    const web = resource("docker:index:Service", "web", {}, { from: { taskSpec: [token] } });
    const check = (grants: Record<string, string[]>) =>
      summary(violationsOf(leastPrivilege, [token, web], { settings: { grants } }));
    expect(check({ web: ["token"] })).toEqual([]);
    expect(check({ web: ["tok*"] })).toEqual([]);
    expect(check({ web: ["other"] })).toEqual(["grant at web"]);
    expect(check({ other: ["token"] })).toEqual(["grant at web"]);
    expect(summary(violationsOf(leastPrivilege, [token, web]))).toEqual([]);
  });
});

describe("least-privilege: access", () => {
  it("accepts a statement that names its secrets", () => {
    expect(alone("aws:iam:Policy", statement({}))).toEqual([]);
    expect(alone("aws:iam:RolePolicy", statement({ Resource: arn }))).toEqual([]);
    expect(alone("aws:iam:Policy", statement({ Action: "s3:GetObject", Resource: "*" }))).toEqual([]);
    expect(alone("aws:iam:Policy", statement({ Effect: "Deny", Action: "*", Resource: "*" }))).toEqual([]);
  });

  it.each([
    ["all resources", { Resource: "*" }],
    ["a prefix", { Resource: [arn, "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-*"] }],
    ["any character", { Resource: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-??????" }],
    ["all actions", { Action: "*" }],
    ["all actions of the service", { Action: "secretsmanager:*" }],
    ["a pattern of actions", { Action: "secretsmanager:Get*" }],
    ["all but some actions", { Action: undefined, NotAction: "iam:*" }],
    ["all but some resources", { Resource: undefined, NotResource: "arn:aws:secretsmanager:::other" }],
    ["all parameters", { Action: "ssm:GetParameter", Resource: "*" }],
    ["all keys", { Action: "kms:Decrypt", Resource: "*" }],
  ])("refuses a statement for %s", (_what, changed) => {
    expect(alone("aws:iam:Policy", statement(changed))).toEqual(["access"]);
    expect(alone("aws:iam:Role", { inlinePolicies: [statement(changed)] })).toEqual(["access"]);
  });

  it("lets a secret's own policy mean itself, but not everyone", () => {
    const own = { Resource: "*", Principal: { AWS: "arn:aws:iam::123456789012:role/api" } };
    expect(alone("aws:secretsmanager:SecretPolicy", statement(own))).toEqual([]);
    expect(alone("aws:secretsmanager:SecretPolicy", statement({ ...own, Principal: "*" }))).toEqual(["access"]);
    expect(alone("aws:secretsmanager:SecretPolicy", statement({ ...own, Principal: { AWS: "*" } }))).toEqual([
      "access",
    ]);
  });
});

describe("least-privilege: networks", () => {
  it.each([5432, 6379, 3306, 27017])("refuses to publish the port %i", (port) => {
    const ports = [{ targetPort: port, publishedPort: 9000 }];
    expect(broken("postgres", ["endpointSpec", "ports"], ports)).toEqual(["published-database at postgres"]);
    expect(alone("docker:index:Container", { ports: [{ internal: port, external: port }] })).toHaveLength(1);
    expect(alone("docker:index:Container", { ports: [{ internal: port, external: port, ip: "127.0.0.1" }] })).toEqual(
      [],
    );
  });

  it.each([
    ["no options", undefined],
    ["other options", { mtu: "1400" }],
    ["encryption switched off", { encrypted: "false" }],
  ])("refuses an overlay network with %s", (_what, options) => {
    expect(broken("database", ["options"], options)).toEqual(["overlay at database"]);
  });

  it("lets networks of one node be", () => {
    expect(alone("docker:index:Network", { driver: "bridge" })).toEqual([]);
    expect(alone("docker:index:Network", { driver: "overlay", options: { encrypted: "" } })).toEqual([]);
  });

  it("refuses databases on the internet", () => {
    expect(alone("aws:rds:Instance", { publiclyAccessible: true })).toHaveLength(1);
    expect(alone("aws:rds:Instance", { publiclyAccessible: false })).toEqual([]);
    const ingress = { protocol: "tcp", fromPort: 5432, toPort: 5432, cidrBlocks: ["0.0.0.0/0"] };
    expect(alone("aws:ec2:SecurityGroup", { ingress: [ingress] })).toHaveLength(1);
    expect(alone("aws:ec2:SecurityGroup", { ingress: [{ ...ingress, cidrBlocks: ["10.0.0.0/8"] }] })).toEqual([]);
    expect(alone("aws:ec2:SecurityGroup", { ingress: [{ ...ingress, fromPort: 443, toPort: 443 }] })).toEqual([]);
    const rule = { protocol: "tcp", portRange: "6379", sourceAddresses: ["0.0.0.0/0", "::/0"] };
    expect(alone("digitalocean:index:Firewall", { inboundRules: [rule] })).toHaveLength(1);
    expect(alone("digitalocean:index:Firewall", { inboundRules: [{ ...rule, portRange: "443" }] })).toEqual([]);
  });
});
