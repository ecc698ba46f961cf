// Checks resources that Kubernetes itself does not know, given as a JSON array on stdin, against the models of their own
// projects. The first argument is the folder with the packages.

import { readFileSync } from "node:fs";

const packages = {
  "cert-manager.io": "cert-manager",
  "external-secrets.io": "external-secrets",
  "monitoring.coreos.com": "prometheus-operator",
};

for (const resource of JSON.parse(readFileSync(0))) {
  const [group] = resource.apiVersion.split("/");
  const folder = `${process.argv[2]}/@kubernetes-models/${packages[group]}`;
  const module = await import(`${folder}/${resource.apiVersion}/${resource.kind}.js`);
  new module[resource.kind](resource).validate();
  console.log(`${resource.kind} ${resource.metadata.name} is valid`);
}
