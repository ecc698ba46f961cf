// Reads {client, endpoint, access, secret, project_id, calls: [[name, request]…]} from stdin, makes these calls one after
// the other, and prints what came of each: {"answer": …} or {"error": {status, code, message, request_id}}.
'use strict';

const { BasicCredentials } = require('@huaweicloud/huaweicloud-sdk-core/auth/BasicCredentials');
const { EcsClient } = require('@huaweicloud/huaweicloud-sdk-ecs/v2/public-api');
const { KpsClient } = require('./kps');

const CLIENTS = { ecs: EcsClient, kps: KpsClient };

async function main() {
  const wish = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  const credential = new BasicCredentials().withAk(wish.access).withSk(wish.secret).withProjectId(wish.project_id);
  const client = CLIENTS[wish.client].newBuilder().withCredential(credential).withEndpoint(wish.endpoint).build();
  const results = [];
  for (const [name, request] of wish.calls) {
    results.push(await client[name](request).then(answered, refused));
  }
  console.log(JSON.stringify(results));
}

function answered(answer) {
  return { answer: Buffer.isBuffer(answer.body) ? { ...answer, body: answer.body.toString('base64') } : answer };
}

function refused(error) {
  const { httpStatusCode: status, errorCode: code, errorMsg: message, requestId: request_id } = error;
  return { error: { status, code, message, request_id } };
}

main();
