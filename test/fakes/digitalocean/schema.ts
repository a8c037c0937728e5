/**
 * What the real provider's schema would check, from the declarations of its SDK: names of properties, which are required, and their
 * types. Read with TypeScript's own parser.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type ts from "typescript";

const require = createRequire(import.meta.url);
const typescript = require("typescript") as typeof ts;
const sdk = path.dirname(require.resolve("@pulumi/digitalocean/package.json"));

/** What a value has to be. */
export type Shape =
  | { readonly kind: "string" | "number" | "boolean" | "any" }
  | { readonly kind: "list"; readonly of: Shape }
  | { readonly kind: "object"; readonly properties: ReadonlyMap<string, Property> };

interface Property {
  readonly shape: Shape;
  readonly required: boolean;
}

const parsed = new Map<string, ts.SourceFile>();

function source(file: string): ts.SourceFile {
  const known =
    parsed.get(file) ??
    typescript.createSourceFile(file, readFileSync(path.join(sdk, file), "utf8"), typescript.ScriptTarget.Latest, true);
  parsed.set(file, known);
  return known;
}

/**
 * The inputs of a resource.
 *
 * @param module as in its type token, `droplet` of `digitalocean:index/droplet:Droplet`
 * @throws Error if the SDK has no such resource
 */
export function inputsOf(module: string): Shape {
  const name = `${module.charAt(0).toUpperCase()}${module.slice(1)}Args`;
  return interfaceShape(`${module}.d.ts`, name);
}

function interfaceShape(file: string, name: string): Shape {
  const found = source(file).statements.find(
    (one): one is ts.InterfaceDeclaration => typescript.isInterfaceDeclaration(one) && one.name.text === name,
  );
  if (found === undefined) throw new Error(`@pulumi/digitalocean declares no ${name}`);
  const properties = found.members.flatMap((member): [string, Property][] => {
    if (!typescript.isPropertySignature(member) || member.type === undefined) return [];
    const key = (member.name as ts.Identifier).text;
    return [[key, { shape: shapeOf(member.type), required: member.questionToken === undefined }]];
  });
  return { kind: "object", properties: new Map(properties) };
}

function shapeOf(type: ts.TypeNode): Shape {
  if (typescript.isParenthesizedTypeNode(type)) return shapeOf(type.type);
  if (typescript.isArrayTypeNode(type)) return { kind: "list", of: shapeOf(type.elementType) };
  if (typescript.isUnionTypeNode(type)) {
    const rest = type.types.filter((one) => one.kind !== typescript.SyntaxKind.UndefinedKeyword);
    // `string | enums.Region`: any text is accepted, here as there.
    return rest[0] === undefined ? { kind: "any" } : shapeOf(rest[0]);
  }
  if (typescript.isTypeReferenceNode(type)) {
    return referenceShape(type.typeName.getText(), type);
  }
  switch (type.kind) {
    case typescript.SyntaxKind.StringKeyword:
      return { kind: "string" };
    case typescript.SyntaxKind.NumberKeyword:
      return { kind: "number" };
    case typescript.SyntaxKind.BooleanKeyword:
      return { kind: "boolean" };
    default:
      return { kind: "any" };
  }
}

function referenceShape(name: string, type: ts.TypeReferenceNode): Shape {
  const [argument] = type.typeArguments ?? [];
  if (name === "pulumi.Input" && argument !== undefined) return shapeOf(argument);
  if (name.startsWith("inputs.")) return interfaceShape("types/input.d.ts", name.slice("inputs.".length));
  if (name.startsWith("enums.")) return { kind: "string" };
  return { kind: "any" };
}

/** What is wrong with a value, with where; nothing for what is not known yet. */
export function problemsOf(
  shape: Shape,
  value: unknown,
  isUnknown: (value: unknown) => boolean,
  at = "",
): readonly string[] {
  if (isUnknown(value) || shape.kind === "any") return [];
  if (shape.kind === "list") {
    if (!Array.isArray(value)) return [`${at} must be a list`];
    return (value as unknown[]).flatMap((one, index) => problemsOf(shape.of, one, isUnknown, `${at}[${index}]`));
  }
  if (shape.kind !== "object") return typeof value === shape.kind ? [] : [`${at} must be a ${shape.kind}`];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} must be an object`];
  const given = value as Readonly<Record<string, unknown>>;
  const path = (key: string): string => (at === "" ? key : `${at}.${key}`);
  const unknown = Object.keys(given).filter((key) => !key.startsWith("__") && !shape.properties.has(key));
  return [
    ...unknown.map((key) => `${path(key)} is no property`),
    ...[...shape.properties].flatMap(([key, { shape: inner, required }]) => {
      if (given[key] === undefined) return required ? [`${path(key)} is required`] : [];
      return problemsOf(inner, given[key], isUnknown, path(key));
    }),
  ];
}
