// Reads {client, endpoint, version, method, access, secret, calls: [[action, parameters]…]} from stdin, makes these calls
// one after the other, and prints what came of each: {"answer": …} or {"error": {status, code, message}}.
'use strict';

const { default: Tea, $OpenApiUtil, OpenApiUtil } = require('@alicloud/openapi-core');
const Pop = require('@alicloud/pop-core');
const { RuntimeOptions } = require('@darabonba/typescript');

const CLIENTS = { pop, tea };

// pop-core: signed with HMAC-SHA1, everything in the query of a GET or in the form of a POST.
function pop({ endpoint, version, method, access, secret }) {
  const credentials = { accessKeyId: access, accessKeySecret: secret };
  const client = new Pop({ endpoint: `http://${endpoint}`, apiVersion: version, ...credentials });
  return (action, parameters) => client.request(action, parameters, { method });
}

// The core of the generated clients: ACS3-HMAC-SHA256, and what those hand to it for a call.
function tea({ endpoint, version, access, secret }) {
  const credentials = { accessKeyId: access, accessKeySecret: secret };
  const client = new Tea(new $OpenApiUtil.Config({ endpoint, protocol: 'http', ...credentials }));
  return async (action, parameters) => {
    const params = new $OpenApiUtil.Params({
      action, version, protocol: 'HTTPS', pathname: '/', method: 'POST', authType: 'AK', style: 'RPC',
      reqBodyType: 'formData', bodyType: 'json',
    });
    const request = new $OpenApiUtil.OpenApiRequest({ query: OpenApiUtil.query(parameters) });
    return (await client.callApi(params, request, new RuntimeOptions({}))).body;
  };
}

async function main() {
  const wish = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  const call = CLIENTS[wish.client](wish);
  const results = [];
  for (const [action, parameters] of wish.calls) {
    results.push(await call(action, parameters).then((answer) => ({ answer }), refused));
  }
  console.log(JSON.stringify(results));
}

function refused(error) {
  const status = error.statusCode ?? error.entry?.response.statusCode;
  return { error: { status, code: error.code, message: error.data.Message } };
}

main();
