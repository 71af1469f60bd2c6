#!/bin/sh
# Freezes Vialdesk and wraps it as a .deb: `build-package.sh PYTHON`. Results: dist/vialdesk/ and dist/*.deb.
set -eu
python=$1
cd "$(dirname "$0")/.."
packaging/system-packages.sh package

version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml | head -n 1)
architecture=$(dpkg --print-architecture 2>/dev/null || uname -m)
rm -rf dist/vialdesk build/deb
"$python" -m PyInstaller --noconfirm --log-level ERROR --distpath dist --workpath build/pyinstaller packaging/vialdesk.spec
echo "Frozen: dist/vialdesk ($(du -sm dist/vialdesk | cut -f 1) MB)"

command -v dpkg-deb >/dev/null || exit 0
tree=build/deb
install -d "$tree/DEBIAN" "$tree/opt" "$tree/usr/bin" "$tree/usr/share/applications" \
    "$tree/usr/share/icons/hicolor/scalable/apps" "$tree/lib/udev/rules.d" "$tree/usr/share/doc/vialdesk"
cp -a dist/vialdesk "$tree/opt/vialdesk"
ln -s /opt/vialdesk/vialdesk "$tree/usr/bin/vialdesk"
install -m 644 packaging/vialdesk.desktop "$tree/usr/share/applications/"
install -m 644 packaging/70-vialdesk.rules "$tree/lib/udev/rules.d/"
install -m 644 resources/icons/vialdesk.svg "$tree/usr/share/icons/hicolor/scalable/apps/"
install -m 644 LICENSE "$tree/usr/share/doc/vialdesk/copyright"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" \
    -e "s/@SIZE@/$(du -sk "$tree" | cut -f 1)/" packaging/control.in >"$tree/DEBIAN/control"
install -m 755 packaging/postinst "$tree/DEBIAN/postinst"
dpkg-deb --root-owner-group -Zzstd -b "$tree" "dist/vialdesk_${version}_${architecture}.deb" >/dev/null
echo "Package: dist/vialdesk_${version}_${architecture}.deb ($(du -m dist/*.deb | cut -f 1 | tail -n 1) MB)"
