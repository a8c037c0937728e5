/** A variable by which an image reads a secret from a file. */
export interface FromFile {
  readonly variable: string;
  readonly value: string;
}

interface Convention {
  readonly image: RegExp;
  readonly variable: RegExp;
  readonly read: (variable: string, file: string) => FromFile;
}

const suffix =
  (end: string) =>
  (variable: string, file: string): FromFile => ({ variable: `${variable}${end}`, value: file });

/** What the images' own documentation says that they read from files, and how. */
const conventions: readonly Convention[] = [
  { image: /(?:^|\/)bitnami(?:legacy)?\//, variable: /PASSWORD|SECRET|TOKEN|_KEY$/, read: suffix("_FILE") },
  {
    image: /(?:^|\/)linuxserver\//,
    variable: /./,
    read: (variable, file) => ({ variable: `FILE__${variable}`, value: file }),
  },
  {
    image: /(?:^|\/)(?:postgres|postgis|timescaledb|timescaledb-ha|pgvector)$/,
    variable: /^POSTGRES_(?:PASSWORD|USER|DB|INITDB_ARGS)$/,
    read: suffix("_FILE"),
  },
  {
    image: /(?:^|\/)(?:mysql|mariadb|mysql-server|percona)$/,
    variable: /^(?:MYSQL|MARIADB)_(?:ROOT_)?(?:PASSWORD|USER|DATABASE|HOST)$/,
    read: suffix("_FILE"),
  },
  { image: /(?:^|\/)mongo$/, variable: /^MONGO_INITDB_ROOT_(?:PASSWORD|USERNAME)$/, read: suffix("_FILE") },
  { image: /(?:^|\/)mongo-express$/, variable: /^ME_CONFIG_.*PASSWORD$/, read: suffix("_FILE") },
  { image: /(?:^|\/)minio$/, variable: /^MINIO_ROOT_(?:USER|PASSWORD)$/, read: suffix("_FILE") },
  { image: /(?:^|\/)wordpress$/, variable: /^WORDPRESS_/, read: suffix("_FILE") },
  {
    image: /(?:^|\/)nextcloud$/,
    variable: /^(?:MYSQL_PASSWORD|POSTGRES_PASSWORD|NEXTCLOUD_ADMIN_PASSWORD|REDIS_HOST_PASSWORD|SMTP_PASSWORD)$/,
    read: suffix("_FILE"),
  },
  { image: /(?:^|\/)joomla$/, variable: /^JOOMLA_DB_/, read: suffix("_FILE") },
  { image: /(?:^|\/)odoo$/, variable: /^PASSWORD$/, read: suffix("_FILE") },
  { image: /(?:^|\/)grafana(?:-oss|-enterprise)?$/, variable: /^GF_/, read: suffix("__FILE") },
  { image: /(?:^|\/)(?:gitea|forgejo)$/, variable: /^(?:GITEA|FORGEJO)__/, read: suffix("__FILE") },
  { image: /(?:^|\/)vaultwarden\/server$/, variable: /./, read: suffix("_FILE") },
  { image: /(?:^|\/)n8n$/, variable: /./, read: suffix("_FILE") },
  {
    image: /(?:^|\/)traefik$/,
    variable: /^(?:CF|CLOUDFLARE|DO|AWS|OVH|GANDI|HETZNER|DUCKDNS|NAMECHEAP|LINODE)_/,
    read: suffix("_FILE"),
  },
  { image: /(?:^|\/)elasticsearch(?:\/elasticsearch)?$/, variable: /^ELASTIC_PASSWORD$/, read: suffix("_FILE") },
  { image: /(?:^|\/)influxdb$/, variable: /^DOCKER_INFLUXDB_INIT_(?:PASSWORD|ADMIN_TOKEN)$/, read: suffix("_FILE") },
  { image: /(?:^|\/)clickhouse-server$/, variable: /^CLICKHOUSE_PASSWORD$/, read: suffix("_FILE") },
  { image: /(?:^|\/)restic$/, variable: /^RESTIC_PASSWORD$/, read: suffix("_FILE") },
  { image: /(?:^|\/)pgadmin4$/, variable: /^PGADMIN_DEFAULT_PASSWORD$/, read: suffix("_FILE") },
  { image: /(?:^|\/)zabbix-/, variable: /PASSWORD$/, read: suffix("_FILE") },
  {
    image: /(?:^|\/)goauthentik\/server$/,
    variable: /^AUTHENTIK_/,
    read: (variable, file) => ({ variable, value: `file://${file}` }),
  },
  {
    image: /(?:^|\/)airflow$/,
    variable:
      /^AIRFLOW__(?:CORE__FERNET_KEY|WEBSERVER__SECRET_KEY|DATABASE__SQL_ALCHEMY_CONN|CELERY__(?:BROKER_URL|RESULT_BACKEND)|SMTP__SMTP_PASSWORD)$/,
    read: (variable, file) => ({ variable: `${variable}_CMD`, value: `cat ${file}` }),
  },
];

/** How an image reads a variable's value from a file; undefined if it is not known to. */
export function fromFile(image: string, variable: string, file: string): FromFile | undefined {
  const repository = image.replace(/@sha256:.*$/, "").replace(/:[^/:]*$/, "");
  return conventions.find((each) => each.image.test(repository) && each.variable.test(variable))?.read(variable, file);
}
