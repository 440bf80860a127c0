#!/bin/sh
# Install the package into /opt/rabisco, and leave out what an image does not need.
# Usage: sh docker/install.sh MODULE…   the modules that the image imports
set -eu
bin=/opt/rabisco/bin
"$bin/pip" wheel --quiet --no-cache-dir --no-deps --wheel-dir /tmp/wheel .
"$bin/pip" install --no-cache-dir --no-deps --no-index /tmp/wheel/*.whl
"$bin/pip" uninstall --quiet --yes pip

# Packages bring their own tests, type stubs, and words in hundreds of languages: 80 MB.
packages=$(echo /opt/rabisco/lib/python3*/site-packages)
find "$packages" -type d -name tests -prune -exec rm -r {} +
find "$packages" -type f -name '*.pyi' -delete
find "$packages/babel/locale-data" -type f ! -name root.dat \
    ! -name 'en*' ! -name 'es*' ! -name 'fr*' ! -name 'pt*' ! -name 'ru*' -delete

# Byte code only of what is imported: pip would write it for everything, and a read-only image cannot later.
for module in "$@"; do
    RABISCO_HOME=/tmp/home "$bin/python" -c "import $module"
done
"$bin/python" -m compileall -q "$packages/rabisco"
