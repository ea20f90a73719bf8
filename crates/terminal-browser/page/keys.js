// The keys of this device: two P-256 keys in WebCrypto, not extractable, kept in IndexedDB under the
// account. The browser does not give them out, but they lie in its files: a lower class of assurance than a
// secure element, and the page says so.

const DATABASE = 'thinpay';
const STORE = 'enrolments';
const P256_ECDH = { name: 'ECDH', namedCurve: 'P-256' };
const P256_ECDSA = { name: 'ECDSA', namedCurve: 'P-256' };

function database() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'account' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

async function transact(mode, work) {
  const open = await database();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = open.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    open.close();
  }
}

/** Everybody who is enrolled on this device: { account, terminal, model, class, signing, agreement }. */
export const enrolments = () => transact('readonly', (store) => store.getAll());

/** Forgets the keys of an account. */
export const forget = (account) => transact('readwrite', (store) => store.delete(account));

/** Imports the keys of an opened bundle; after it the bundle's own copies are of no more use here. */
export async function keep(enrolment, deviceClass) {
  const signingDer = enrolment.signingKey();
  const agreementDer = enrolment.agreementKey();
  try {
    const signing = await crypto.subtle.importKey('pkcs8', signingDer, P256_ECDSA, false, ['sign']);
    const agreement = await crypto.subtle.importKey('pkcs8', agreementDer, P256_ECDH, false, ['deriveBits']);
    const record = {
      account: enrolment.account,
      terminal: enrolment.terminal,
      model: enrolment.model,
      class: deviceClass,
      signing,
      agreement,
    };
    await transact('readwrite', (store) => store.put(record));
    return record;
  } finally {
    signingDer.fill(0);
    agreementDer.fill(0);
  }
}

/** The x-coordinate of the agreement with the server's key (uncompressed point). */
export async function agree(record, serverPublic) {
  const peer = await crypto.subtle.importKey('raw', serverPublic, P256_ECDH, false, []);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: peer }, record.agreement, 256));
}

/** The signature, r then s, over the SHA-256 of this message. */
export async function sign(record, message) {
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  return new Uint8Array(await crypto.subtle.sign(algorithm, record.signing, message));
}

/** A cipher that opens the units of one stream. */
export async function opener(keyBytes) {
  const key = await crypto.subtle.importKey('raw', keyBytes, 'AES-GCM', false, ['decrypt']);
  keyBytes.fill(0);
  return async (nonce, additionalData, ciphertext) => {
    const parameters = { name: 'AES-GCM', iv: nonce, additionalData, tagLength: 128 };
    return new Uint8Array(await crypto.subtle.decrypt(parameters, key, ciphertext));
  };
}
