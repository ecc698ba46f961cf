// KPS V3 by the core of Huawei's Node SDK. Its generated client is not published for Node: each call here hands the core
// what that one would, and the core signs, sends and decodes.
'use strict';

const { ClientBuilder } = require('@huaweicloud/huaweicloud-sdk-core/ClientBuilder');

const KEYPAIRS = '/v3/{project_id}/keypairs';
const JSON_BODY = 'application/json;charset=UTF-8';

const CALLS = {
  createKeypair: ['POST', KEYPAIRS],
  listKeypairs: ['GET', KEYPAIRS],
  listKeypairDetail: ['GET', `${KEYPAIRS}/{keypair_name}`],
  updateKeypairDescription: ['PUT', `${KEYPAIRS}/{keypair_name}`],
  deleteKeypair: ['DELETE', `${KEYPAIRS}/{keypair_name}`],
  exportPrivateKey: ['POST', `${KEYPAIRS}/private-key/export`],
  importPrivateKey: ['POST', `${KEYPAIRS}/private-key/import`],
  clearPrivateKey: ['DELETE', `${KEYPAIRS}/{keypair_name}/private-key`],
  batchImportKeypair: ['POST', `${KEYPAIRS}/batch-import`],
  batchExportPrivateKey: ['POST', `${KEYPAIRS}/private-key/batch-export`],
};

class KpsClient {
  static newBuilder() {
    return new ClientBuilder((core) => new KpsClient(core));
  }

  constructor(core) {
    for (const [name, [method, url]] of Object.entries(CALLS)) {
      this[name] = ({ keypair_name, limit, marker, body } = {}) => {
        const options = { method, url, queryParams: {}, pathParams: {}, headers: {}, responseHeaders: [''] };
        options.contentType = body === undefined ? 'application/json' : JSON_BODY;
        if (keypair_name !== undefined) options.pathParams = { keypair_name };
        if (limit !== undefined) options.queryParams.limit = limit;
        if (marker !== undefined) options.queryParams.marker = marker;
        if (body !== undefined) options.data = body;
        // Only so does the core leave the bytes of a zip as they are.
        if (name === 'batchExportPrivateKey') options.axiosRequestConfig = { responseType: 'arraybuffer' };
        return core.sendRequest(options);
      };
    }
  }
}

module.exports = { KpsClient };
