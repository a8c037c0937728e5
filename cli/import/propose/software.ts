import type { Strategy } from "../../../components/catalog/types.ts";

/** A kind of software whose credentials rotate in a way of its own. */
export interface Software {
  readonly id: string;
  /** Images that run it. */
  readonly image: RegExp;
  /** Names of variables that are about it. */
  readonly variable: RegExp;
  /** Schemes of URLs to it. */
  readonly scheme?: RegExp;
  readonly strategy: Strategy;
  /** An application rather than a server of others: much of its configuration is about other servers. */
  readonly application?: true;
  /** Months between rotations. */
  readonly months: 3 | 6 | 12;
}

const software = (
  id: string,
  image: string,
  variable: string,
  rest: { scheme?: string; strategy?: Strategy; months?: 3 | 6 | 12; application?: true } = {},
): Software => ({
  id,
  image: new RegExp(`(?:^|/)(?:${image})(?:[:@]|$)`, "i"),
  variable: new RegExp(`(?:^|_)(?:${variable})`, "i"),
  ...(rest.scheme === undefined ? {} : { scheme: new RegExp(`^(?:${rest.scheme})$`, "i") }),
  ...(rest.application === undefined ? {} : { application: true }),
  strategy: rest.strategy ?? "redeploy",
  months: rest.months ?? 12,
});

/** What is recognised by its image, its variables or its URLs. The first that fits counts. */
export const softwares: readonly Software[] = [
  software(
    "postgres",
    "postgres|postgresql|postgresql-repmgr|postgis|timescaledb(?:-ha)?|pgvector|pgautoupgrade|spilo-\\d+|cockroach|edgedb",
    "POSTGRES|PG_?PASS|PGPASSWORD|PG_|POSTGRESQL|POSTGRESDB",
    { scheme: "(?:\\w+\\+)?postgres(?:ql)?(?:\\+\\w+)?|postgis|timescale", strategy: "alternating-users", months: 3 },
  ),
  software(
    "mysql",
    "mysql|mysql-server|percona|percona-server|mariadb|mariadb-galera|linuxserver/mariadb|tidb",
    "MYSQL|MARIADB|TYPEORM_MYSQL",
    { scheme: "(?:\\w+\\+)?(?:mysql2?|mariadb)(?:\\+\\w+)?", months: 3 },
  ),
  software("redis", "redis|redis-stack(?:-server)?|redis-cluster|valkey|keydb|dragonfly", "REDIS|VALKEY|KEYDB", {
    scheme: "(?:rediss?|valkeys?)(?:\\+\\w+)?",
    strategy: "dual-password",
    months: 3,
  }),
  software("minio", "minio", "MINIO", { strategy: "dual-access-key", months: 6 }),
  software("mongodb", "mongo|mongodb|mongodb-community-server|percona-server-mongodb", "MONGO|ME_CONFIG_MONGODB", {
    scheme: "mongodb(?:\\+srv)?",
    months: 3,
  }),
  software("rabbitmq", "rabbitmq", "RABBIT|AMQP", { scheme: "amqps?", months: 3 }),
  software("mssql", "mssql/server|azure-sql-edge", "MSSQL|SA_PASSWORD|SQLSERVER", {
    scheme: "(?:jdbc:)?(?:sqlserver|mssql)(?:\\+\\w+)?",
    months: 3,
  }),
  software("clickhouse", "clickhouse-server|clickhouse", "CLICKHOUSE", { scheme: "clickhouse(?:\\+\\w+)?", months: 3 }),
  software("elasticsearch", "elasticsearch|opensearch", "ELASTIC_|ELASTICSEARCH_PASS|OPENSEARCH", { months: 3 }),
  software("neo4j", "neo4j", "NEO4J", { scheme: "(?:neo4j|bolt)(?:\\+\\w+)?", months: 3 }),
  software("influxdb", "influxdb", "INFLUX|DOCKER_INFLUXDB", { months: 3 }),
  software("couchdb", "couchdb", "COUCHDB", { months: 3 }),
  software("nats", "nats", "NATS", { scheme: "nats", months: 3 }),
  software("grafana", "grafana|grafana-oss|grafana-enterprise", "GF_|GRAFANA", { application: true }),
  software("keycloak", "keycloak", "KEYCLOAK|KC_", { application: true }),
];

/** What an image runs. */
export function softwareOfImage(image: string): Software | undefined {
  return softwares.find((each) => each.image.test(image.replace(/@sha256:.*$/, "").replace(/:[^/:]*$/, "")));
}

/** What a variable's name is about. Names of admin consoles come before the databases they mention. */
export function softwareOfVariable(name: string): Software | undefined {
  const words = name.replace(/__+/g, "_");
  const found = softwares.find((each) => each.variable.test(words));
  // What an application calls its database's, its cache's or its mail server's password is not its own.
  return found?.application === true && /_(?:DB|DATABASE|SQL|CACHE|SMTP|MAIL|LDAP)_/i.test(words) ? undefined : found;
}

/** What a URL's scheme is for. */
export function softwareOfScheme(scheme: string): Software | undefined {
  return softwares.find((each) => each.scheme?.test(scheme));
}

/** Is the account the server's own administrator, by the name of its variable or its user? */
export function accountOf(name: string): "root" | "user" | undefined {
  if (/ROOT_?(?:PASS|PW|USER)|SUPERUSER|POSTGRES_POSTGRES|(?:^|_)SA_PASSWORD|^root$|^postgres$|^sa$/i.test(name))
    return "root";
  if (/^(?:MYSQL|MARIADB|POSTGRESQL)_(?:PASSWORD|PASS)$|NON_ROOT/i.test(name)) return "user";
  return undefined;
}

/** Services of others, by the names of their variables. */
const issued =
  /STRIPE|PAYPAL|BRAINTREE|SENDGRID|MAILGUN|POSTMARK|MAILCHIMP|MANDRILL|SPARKPOST|RESEND|TWILIO|VONAGE|NEXMO|SLACK|DISCORD|TELEGRAM|GITHUB|GITLAB_(?:TOKEN|CLIENT)|BITBUCKET|GOOGLE|FACEBOOK|TWITTER|LINKEDIN|AZURE|OPENAI|ANTHROPIC|MISTRAL_|COHERE|HUGGING|HF_TOKEN|CLOUDFLARE|(?:^|_)CF_|DIGITALOCEAN|(?:^|_)DO_|HETZNER|LINODE|OVH_|GANDI|NAMECHEAP|DUCKDNS|ROUTE53|SENTRY_(?:DSN|AUTH)|DATADOG|(?:^|_)DD_API|NEW_?RELIC|PAGERDUTY|OPSGENIE|PINATA|INFURA|ALCHEMY|MAXMIND|GEOIP|MAPBOX|ALGOLIA|AUTH0|OKTA|YUBICO|RECAPTCHA|HCAPTCHA|TURNSTILE|PUSHER|FIREBASE|FCM|APNS|ONESIGNAL|AKISMET|UNSPLASH|DEEPL|NGROK|TAILSCALE|TS_AUTHKEY|PLAID|SHOPIFY|TUNNEL_TOKEN|LICEN[CS]E_?KEY|(?:CLIENT|CONSUMER|APP)_SECRET|OAUTH|OIDC_.*SECRET|VPN|OPENVPN|WIREGUARD_PRIVATE/i;
const mail = /(?:^|_)(?:SMTP|MAIL|MAILER|EMAIL|IMAP)(?:_|$)|EMAIL_HOST_PASS/i;
const vendorRules = /^(?:vendor-token\/|webhook-url$)/;

/** Is the value issued by a third party? */
export function isIssued(names: readonly string[], rule: string): boolean {
  return vendorRules.test(rule) || names.some((name) => issued.test(name) || mail.test(name));
}

/** A key that signs tokens, by its name. */
export function isTokenKey(name: string): boolean {
  return (
    /JWT|JWK|(?:TOKEN|COOKIE)_?SIGNING|OIDC_HMAC|ID_TOKEN/i.test(name) &&
    /SECRET|KEY|JWT$|PASSPHRASE/i.test(name) &&
    !/PUBLIC/i.test(name)
  );
}

/** A key that stored data is encrypted with, by its name: a new one can't read the old data. */
export function isDataKey(name: string): boolean {
  return /ENCRYPTION_?KEY|ENCRYPT_KEY|FERNET|VAULT_KEY|RESTIC_PASSWORD|BORG_PASSPHRASE|DUPLICATI|KOPIA_PASSWORD|DATA_KEY|MASTER_KEY/i.test(
    name,
  );
}
