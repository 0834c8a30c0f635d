// Asks the browser for a passkey when its form is sent, and sends what it gives. A form says what to do in data-passkey
// ("create" or "get"), and where the server's options stand in data-options.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const named = (credentials) => credentials?.map((one) => ({ ...one, id: bytes(one.id) }));

function readable({ publicKey }) {
  const options = { ...publicKey, challenge: bytes(publicKey.challenge) };
  if (publicKey.user) options.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
  if (publicKey.allowCredentials) options.allowCredentials = named(publicKey.allowCredentials);
  if (publicKey.excludeCredentials) options.excludeCredentials = named(publicKey.excludeCredentials);
  return { publicKey: options };
}

function sendable(credential) {
  const { response } = credential;
  const kept = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) kept[part] = text(response[part]);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: kept,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment,
  };
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const options = JSON.parse(document.getElementById(form.dataset.options).textContent);
  const refused = form.querySelector("[data-passkey-refused]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    refused.hidden = true;
    try {
      const credential = await navigator.credentials[form.dataset.passkey](readable(options));
      form.elements.credential.value = JSON.stringify(sendable(credential));
      form.submit();
    } catch {
      refused.hidden = false;
    }
  });
}
