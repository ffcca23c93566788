// The request of the test tab as a command for any POSIX shell.

const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

// `key` is the bearer token; without one the command gets it from `azml`, and it is never on the screen.
export function curl({ endpoint, uri, authority, type, deployment, text, file, key }) {
  const bearer = key ? quoted(`Authorization: Bearer ${key}`) : `"$(.venv/bin/azml keys header ${quoted(endpoint)})"`;
  const parts = [
    `curl --cacert ${quoted(authority)}`,
    "--noproxy 127.0.0.1",
    `-H ${bearer}`,
    `-H ${quoted(`Content-Type: ${type}`)}`,
    ...(deployment ? [`-H ${quoted(`azureml-model-deployment: ${deployment}`)}`] : []),
    file ? `--data-binary ${quoted(`@${file}`)}` : `--data-raw ${quoted(text)}`,
    quoted(uri),
  ];
  return parts.join(" \\\n  ");
}
