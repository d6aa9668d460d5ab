#!/usr/bin/env bash
# Pictures of every sample mail, to look at: docs/pictures.sh [FOLDER]
#
# Renders the samples (examples/mails.rs), opens each in a headless Chromium, light and dark, on a desktop and a phone, and
# joins them to contact sheets: one a language, width and mode, four mails in a row.
#
# Needs cargo, chromium (or CHROMIUM=path) and ImageMagick's montage. MAILS=path uses mails that are rendered already,
# SAMPLES="shipped delivered" picks stages, LANGUAGES="en pl" languages.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$root/target/pictures}
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
languages=${LANGUAGES:-en pl uk pt-BR}
stages=${SAMPLES:-confirmed packed shipped arriving_soon out_for_delivery attempt_failed available_for_pickup
  pickup_reminder delivered order_complete delay_expected delay_again back_on_time exception correction returning
  returned lost cancelled return_requested feedback}
mails=${MAILS:-$out/mails}
mkdir -p "$out/single"
out=$(cd "$out" && pwd)

if [[ -z ${MAILS:-} ]]; then
  (cd "$root" && cargo run --quiet --example mails -- "$mails")
fi
mails=$(cd "$mails" && pwd)

profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT

# picture NAME WIDTH HEIGHT MODE: one mail as a PNG. Chromium's window is at least 500 wide, so a phone is drawn in a frame.
picture() {
  local name=$1 width=$2 height=$3 mode=$4 page=$mails/$1.html
  local png=$out/single/$name.$width.$mode.png scheme=1
  [[ $mode == dark ]] && scheme=0
  local window=$width
  if (( width < 500 )); then
    window=500
    printf '<!doctype html><meta name="color-scheme" content="light dark"><body style="margin:0;background:#888"><iframe src="file://%s" style="border:0;width:%dpx;height:%dpx;color-scheme:light dark"></iframe>' \
      "$page" "$width" "$height" > "$profile/frame.html"
    page=$profile/frame.html
  fi
  "$chromium" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --allow-file-access-from-files \
    --user-data-dir="$profile/chromium" --blink-settings=preferredColorScheme=$scheme \
    --window-size="$window,$height" --screenshot="$png" "file://$page" > /dev/null 2>&1
  if (( width < 500 )); then
    mogrify -crop "${width}x${height}+0+0" +repage "$png"
  fi
}

for language in $languages; do
  for size in 800:1500 375:2000; do
    width=${size%:*} height=${size#*:}
    for mode in light dark; do
      pictures=()
      for stage in $stages; do
        picture "$stage.$language" "$width" "$height" "$mode"
        pictures+=("$out/single/$stage.$language.$width.$mode.png")
      done
      montage "${pictures[@]}" -tile 5x -geometry 420x+6+6 -background '#777' "$out/$language.$width.$mode.png"
      echo "$out/$language.$width.$mode.png"
    done
  done
done
