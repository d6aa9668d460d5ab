#!/usr/bin/env bash
# Makes the README's two pictures, docs/page.png and docs/mail.png, from the demo: docs/readme_pictures.sh [DOORSTEP]
#
# Runs the demo (default: target/release/doorstep) until its week is over, opens one order's page, and that order's mail as a
# phone shows it, light and dark. Needs chromium (or CHROMIUM=path), curl and ImageMagick.
set -euo pipefail
cd "$(dirname "$0")"
bin=${1:-../target/release/doorstep} order=kettle/KE-10018 mail_of=harbour/HA-10005 port=8971
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
folder=$(mktemp -d)
"$bin" demo --speed 60480 --port $port >"$folder/demo.log" 2>&1 & demo=$!
trap 'kill $demo 2>/dev/null || true; rm -rf "$folder"' EXIT
sleep 14 # The week takes ten seconds at this speed.

picture() { # FILE WIDTH HEIGHT SCHEME ADDRESS; scheme 1 is light, 0 dark
  "$chromium" --headless --no-sandbox --disable-gpu --no-first-run --hide-scrollbars --allow-file-access-from-files --disable-background-networking \
    --user-data-dir="$folder/chromium" --blink-settings=preferredColorScheme="$4" --window-size="$2,$3" \
    --screenshot="$folder/$1" "$5" >/dev/null 2>&1
}

picture page.png 1280 1100 1 "http://127.0.0.1:$port/orders/$order"
mail=$(curl -s "http://127.0.0.1:$port/orders/$mail_of" | grep -oE 'messages/[^"]*/mail' | head -1)
curl -s "http://127.0.0.1:$port/$mail" >"$folder/mail.html"
# Chromium's window is at least 500 wide: a phone is drawn in a frame, which the demo itself does not allow.
for scheme in 1 0; do
  printf '<!doctype html><meta name="color-scheme" content="light dark"><body style="margin:0"><iframe src="mail.html" style="border:0;width:375px;height:760px;color-scheme:light dark"></iframe>' >"$folder/frame.html"
  picture "mail$scheme.png" 500 760 $scheme "file://$folder/frame.html"
  mogrify -crop 375x760+0+0 +repage "$folder/mail$scheme.png"
done
convert "$folder/page.png" +dither -colors 128 page.png
montage "$folder/mail1.png" "$folder/mail0.png" -tile 2x1 -geometry +8+8 -background '#999' +dither -colors 128 mail.png
