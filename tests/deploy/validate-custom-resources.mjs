// Validates resources, given on stdin as a JSON array of [module of the model, resource]. The argument is the folder with the
// packages.

import { readFileSync } from "node:fs";

for (const [model, resource] of JSON.parse(readFileSync(0))) {
  const module = await import(`${process.argv[2]}/${model}.js`);
  new module[resource.kind](resource).validate();
  console.log(`${resource.kind} ${resource.metadata.name} is valid`);
}
