import { at, isRecord, isUnknown, isUnknownAt, listAt, numberAt, textAt } from "../model/properties.ts";
import type { Resource } from "../model/rule.ts";
import type { Problem } from "./problem.ts";

/** Ports of databases, caches and queues, by their protocol's registered number. */
const databasePorts: ReadonlyMap<number, string> = new Map([
  [1433, "SQL Server"],
  [1521, "Oracle"],
  [3306, "MySQL"],
  [5432, "PostgreSQL"],
  [5984, "CouchDB"],
  [6379, "Redis"],
  [6432, "PgBouncer"],
  [7000, "Cassandra"],
  [9042, "Cassandra"],
  [9200, "Elasticsearch"],
  [11211, "memcached"],
  [26257, "CockroachDB"],
  [27017, "MongoDB"],
]);

/** Databases that anyone can reach, and overlay networks in the clear. */
export function networkProblems(resource: Resource): readonly Problem[] {
  switch (resource.type) {
    case "docker:index:Service":
      return publishedBy(listAt(resource.props, "endpointSpec", "ports"), "endpointSpec.ports", "targetPort");
    case "docker:index:Container":
      return publishedBy(listAt(resource.props, "ports"), "ports", "internal");
    case "docker:index:Network":
      return overlay(resource.props);
    case "aws:rds:Instance":
    case "aws:rds:ClusterInstance":
      return at(resource.props, "publiclyAccessible") === true
        ? [
            {
              rule: "published-database",
              message: "publiclyAccessible is true: the database is on the internet; set it to false",
            },
          ]
        : [];
    case "aws:ec2:SecurityGroup":
      return listAt(resource.props, "ingress").flatMap((rule, index) =>
        openTo(rule, `ingress[${index}]`, ["cidrBlocks", "ipv6CidrBlocks"]),
      );
    case "aws:ec2:SecurityGroupRule":
      return textAt(resource.props, "type") === "ingress"
        ? openTo(resource.props, "it", ["cidrBlocks", "ipv6CidrBlocks"])
        : [];
    case "aws:vpc:SecurityGroupIngressRule":
      return openTo(resource.props, "it", ["cidrIpv4", "cidrIpv6"]);
    case "digitalocean:index:Firewall":
      return listAt(resource.props, "inboundRules").flatMap((rule, index) => openRange(rule, `inboundRules[${index}]`));
    default:
      return [];
  }
}

function publishedBy(ports: readonly unknown[], path: string, inside: string): readonly Problem[] {
  return ports.flatMap((port, index): Problem[] => {
    const database = databasePorts.get(numberAt(port, inside) ?? 0);
    const isLocal = ["127.0.0.1", "::1"].includes(textAt(port, "ip") ?? "");
    if (database === undefined || isLocal) return [];
    return [
      {
        rule: "published-database",
        message: `${path}[${index}] publishes ${database}: take it off; services reach it over their network`,
      },
    ];
  });
}

function overlay(props: Resource["props"]): readonly Problem[] {
  if (textAt(props, "driver") !== "overlay" || isUnknownAt(props, "options")) return [];
  const options = at(props, "options");
  // Docker looks at the key; its newer versions, at a false value too.
  const encrypted = isRecord(options) && Object.hasOwn(options, "encrypted") ? options["encrypted"] : "false";
  if (isUnknown(encrypted) || !["false", "0", false].includes(encrypted as string | boolean)) return [];
  return [
    {
      rule: "overlay",
      message: 'the overlay network is not encrypted between nodes: set options: { encrypted: "true" }',
    },
  ];
}

const everyone = new Set(["0.0.0.0/0", "::/0"]);

function openTo(rule: unknown, path: string, sources: readonly string[]): readonly Problem[] {
  const open = sources.some((source) =>
    [...listAt(rule, source), at(rule, source)].some((address) => everyone.has(String(address))),
  );
  if (!open) return [];
  const all = textAt(rule, "protocol") === "-1" || textAt(rule, "ipProtocol") === "-1";
  return reaching(path, all ? 0 : (numberAt(rule, "fromPort") ?? 0), all ? 65535 : (numberAt(rule, "toPort") ?? 65535));
}

function openRange(rule: unknown, path: string): readonly Problem[] {
  if (!listAt(rule, "sourceAddresses").some((address) => everyone.has(String(address)))) return [];
  const range = textAt(rule, "portRange");
  if (range === undefined || range === "icmp") return [];
  const [from = "0", to = from] = ["all", "0", "1-65535"].includes(range) ? ["0", "65535"] : range.split("-");
  return reaching(path, Number(from), Number(to));
}

function reaching(path: string, from: number, to: number): readonly Problem[] {
  const [, database] = [...databasePorts].find(([port]) => port >= from && port <= to) ?? [];
  if (database === undefined) return [];
  return [
    {
      rule: "published-database",
      message: `${path} lets everyone reach the port of ${database}: name the sources that may`,
    },
  ];
}
