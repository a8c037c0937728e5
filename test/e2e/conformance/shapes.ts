/** A resource's properties in one form, whether they are read from an npm SDK's declarations or from a plugin's schema. */
import { readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { repository } from "../project.ts";

/** A property: `string`, `number[]`, `{string}` for a map, `#Name` for an object type, with `?` when it may be absent. */
export type Shapes = Readonly<Record<string, string>>;

/** What a resource takes and gives, and the object types that these refer to, each by its name and direction. */
export interface ResourceShape {
  readonly token: string;
  readonly inputs: Shapes;
  readonly outputs: Shapes;
  readonly types: Readonly<Record<string, Shapes>>;
}

const parsed = new Map<string, ts.SourceFile>();

function parse(file: string): ts.SourceFile {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  parsed.set(file, source);
  return source;
}

/** Reads a resource of an npm SDK: `sdkShape("docker", "ServiceConfig")`. */
export function sdkShape(name: string, resource: string): ResourceShape {
  const directory = path.join(repository, "node_modules", "@pulumi", name);
  const file = path.join(directory, `${resource.charAt(0).toLowerCase()}${resource.slice(1)}`);
  const declarations = parse(`${file}.d.ts`);
  const token = /__pulumiType = '([^']+)'/.exec(readFileSync(`${file}.js`, "utf8"))?.[1];
  if (token === undefined) throw new Error(`${file}.js has no __pulumiType`);
  const inputs = members(find(declarations, `${resource}Args`));
  const outputs = members(find(declarations, resource));
  const types: Record<string, Shapes> = {};
  for (const [direction, shapes] of [["input", inputs] as const, ["output", outputs] as const]) {
    collect(shapes, direction, types, (type) =>
      members(find(parse(path.join(directory, "types", `${direction}.d.ts`)), type)),
    );
  }
  return { token, inputs, outputs, types };
}

/** What this reads of a package schema. */
export interface PackageSchema {
  readonly resources: Readonly<Record<string, ResourceSchema>>;
  readonly types?: Readonly<Record<string, ObjectSchema>>;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, TypeSchema>>;
  readonly required?: readonly string[];
  readonly language?: { readonly nodejs?: { readonly requiredOutputs?: readonly string[] } };
}

interface ResourceSchema extends ObjectSchema {
  readonly inputProperties?: Readonly<Record<string, TypeSchema>>;
  readonly requiredInputs?: readonly string[];
}

interface TypeSchema {
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: TypeSchema;
  readonly additionalProperties?: TypeSchema;
}

/** Reads a resource of a plugin's schema by its token. */
export function pluginShape(schema: PackageSchema, token: string): ResourceShape {
  const resource = schema.resources[token];
  if (resource === undefined) throw new Error(`the plugin has no ${token}`);
  const inputs = properties(resource.inputProperties, resource.requiredInputs);
  const outputs = properties(resource.properties, resource.required);
  const types: Record<string, Shapes> = {};
  const read = (direction: string, name: string): Shapes => {
    const found = Object.entries(schema.types ?? {}).find(([key]) => key.split(":").at(-1) === name)?.[1];
    const required =
      direction === "input" ? found?.required : (found?.language?.nodejs?.requiredOutputs ?? found?.required);
    return properties(found?.properties, required);
  };
  collect(inputs, "input", types, (name) => read("input", name));
  collect(outputs, "output", types, (name) => read("output", name));
  return { token, inputs, outputs, types };
}

/** Adds every object type that the shapes reach. */
function collect(
  shapes: Shapes,
  direction: string,
  into: Record<string, Shapes>,
  read: (name: string) => Shapes,
): void {
  for (const shape of Object.values(shapes)) {
    const name = /#(\w+)/.exec(shape)?.[1];
    const key = `${direction} ${name ?? ""}`;
    if (name === undefined || into[key] !== undefined) continue;
    into[key] = read(name);
    collect(into[key], direction, into, read);
  }
}

function find(source: ts.SourceFile, name: string): ts.ClassDeclaration | ts.InterfaceDeclaration {
  for (const statement of source.statements) {
    const declares = ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement);
    if (declares && statement.name?.text === name) return statement;
  }
  throw new Error(`${source.fileName} declares no ${name}`);
}

function members(declaration: ts.ClassDeclaration | ts.InterfaceDeclaration): Shapes {
  const found: Record<string, string> = {};
  for (const member of declaration.members) {
    const property = ts.isPropertySignature(member) || ts.isPropertyDeclaration(member);
    if (!property || member.type === undefined) continue;
    const { shape, optional } = typeShape(member.type);
    const absent = optional || member.questionToken !== undefined;
    found[member.name.getText()] = `${shape}${absent ? "?" : ""}`;
  }
  return found;
}

function typeShape(node: ts.TypeNode): { shape: string; optional: boolean } {
  if (ts.isUnionTypeNode(node)) {
    const [first, ...others] = node.types.filter((type) => type.kind !== ts.SyntaxKind.UndefinedKeyword);
    if (first === undefined || others.length > 0) return { shape: node.getText(), optional: false };
    return { shape: typeShape(first).shape, optional: true };
  }
  if (ts.isArrayTypeNode(node)) return { shape: `${typeShape(node.elementType).shape}[]`, optional: false };
  if (ts.isTypeLiteralNode(node)) {
    const [index] = node.members.filter(ts.isIndexSignatureDeclaration);
    return { shape: `{${index === undefined ? "" : typeShape(index.type).shape}}`, optional: false };
  }
  if (ts.isTypeReferenceNode(node)) {
    const [argument] = node.typeArguments ?? [];
    if (argument !== undefined) return typeShape(argument);
    return { shape: `#${node.typeName.getText().split(".").at(-1) ?? ""}`, optional: false };
  }
  return { shape: node.getText(), optional: false };
}

function properties(of: ObjectSchema["properties"], required: readonly string[] = []): Shapes {
  const entries = Object.entries(of ?? {});
  return Object.fromEntries(
    entries.map(([name, type]) => [name, `${schemaShape(type)}${required.includes(name) ? "" : "?"}`]),
  );
}

function schemaShape(type: TypeSchema): string {
  if (type.$ref !== undefined) return type.$ref.endsWith("#/Any") ? "any" : `#${type.$ref.split(":").at(-1) ?? ""}`;
  if (type.type === "array") return `${schemaShape(type.items ?? {})}[]`;
  if (type.type === "object") return `{${schemaShape(type.additionalProperties ?? { type: "string" })}}`;
  return type.type === "integer" ? "number" : (type.type ?? "any");
}
