import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One import or re-export of a file. */
export interface Import {
  /** Path from the root of the checkout. */
  readonly from: string;
  /** Such a path too, or the name of a package or of one of Node's modules. */
  readonly to: string;
  /** `type` loads nothing: it is gone once the types are stripped. `lazy` is an `import()`. */
  readonly kind: 'static' | 'lazy' | 'type';
}

/** The paths of a folder's TypeScript and JavaScript files, those of its subfolders included, from the root. */
export function sourcesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((name) => /\.[jt]s$/.test(name));
}

/** Everything that a file imports: by statement, by `import()`, by a type `import('…')`, or by a JSDoc type. */
export function importsOf(file: string): Import[] {
  return readImports(file, readFileSync(join(ROOT, file), 'utf8'));
}

/** `importsOf` for a file with this text. */
export function readImports(file: string, text: string): Import[] {
  const found: Import[] = [];
  const isScript = file.endsWith('.js');
  const add = (specifier: ts.Node | undefined, kind: Import['kind']) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const { text: target } = specifier;
    found.push({ from: file, to: target.startsWith('.') ? posix.join(dirname(file), target) : target, kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly ? 'type' : 'static');
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type');
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], 'lazy');
    }
    // `forEachChild` passes over JSDoc, where JavaScript names its types.
    if (isScript) node.getChildren().forEach(visit);
    else ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, isScript));
  return found;
}
