#!/bin/sh
# Installs the peers the tests talk to from Debian or Ubuntu packages, where it may; says what it could not.
set -u
need=""
want() { [ -e "$1" ] || need="$need $2"; }
want /usr/bin/storescu dcmtk
want /usr/bin/dciodvfy dicom3tools
want /usr/sbin/Orthanc orthanc
want /usr/share/orthanc/plugins/libOrthancDicomWeb.so orthanc-dicomweb
want /usr/share/java/pixelmed.jar libpixelmed-java
want /usr/bin/java default-jre-headless
want /usr/bin/chromium chromium
want /usr/bin/socat socat
# Not peers: what pages are laid out with, and signs for names in Chinese and Japanese.
for library in libpango-1.0.so.0:libpango-1.0-0 libpangoft2-1.0.so.0:libpangoft2-1.0-0 libharfbuzz-subset.so.0:libharfbuzz-subset0; do
  ls /usr/lib/*/"${library%%:*}" /usr/lib/"${library%%:*}" >/dev/null 2>&1 || need="$need ${library##*:}"
done
want /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf fonts-dejavu-core
want /usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf fonts-droid-fallback
[ -d /usr/lib/postgresql ] && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need="$need postgresql"
[ -z "$need" ] && exit 0
run=""
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then run="sudo -n"; else
    echo "test peers not installed (not root):$need; their tests are skipped. As root: apt-get install$need" >&2; exit 0
  fi
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "test peers not installed (no apt-get here):$need; their tests are skipped" >&2; exit 0
fi
echo "installing test peers:$need"
$run apt-get update -q >/dev/null 2>&1
install() { DEBIAN_FRONTEND=noninteractive $run apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1; }
# All at once takes half of the time; one that cannot be had would keep back the others.
install $need || for package in $need; do
  install "$package" || echo "could not install $package: its tests are skipped, or fail where it is required" >&2
done
exit 0
