#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the README's pictures of Wireshark's window, on Debian or Ubuntu.
#
#   sh cmake/screenshots.sh            install what is missing, make the pictures in cmake/images
#   sh cmake/screenshots.sh FOLDER     the same, in another folder
#
# The plugin must be built (sh cmake/quickstart.sh). Wireshark runs in an X server without a screen (Xvfb), with
# the plugin of build/ and a copy of the profile in a folder of its own: your settings are neither used nor changed.
# Root runs it as nobody, as Wireshark ignores plugins outside of the system's folder if root runs it.
set -eu

PACKAGES="wireshark tshark xvfb xdotool openbox imagemagick librsvg2-bin fonts-dejavu-core"
SCREEN=1440x800
NOBODY=65534

NAME=screenshots
. "$(dirname "$0")/common.sh"

# --- packages --------------------------------------------------------------------------------------------------------

install_packages() {
    if ! have apt-get || ! have dpkg-query; then
        for tool in wireshark tshark Xvfb xdotool openbox import convert rsvg-convert; do
            have "$tool" || die "this is neither Debian nor Ubuntu (no apt-get), and $tool is missing: install Wireshark" \
                "with its window, tshark, Xvfb, xdotool, openbox, ImageMagick and librsvg's rsvg-convert."
        done
        return
    fi
    install_missing : "$@"
}

check_plugin() {
    version=$(wireshark --version 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9]*\.[0-9]*\).*/\1/p')
    [ -n "$version" ] || die "wireshark --version says no version."
    [ -e "build/plugins/$version/epan/spiscope.so" ] ||
        die "build/plugins/$version/epan/spiscope.so is missing: build it first (sh cmake/quickstart.sh)."
}

# --- a desktop -------------------------------------------------------------------------------------------------------

# Everything that Wireshark reads and writes, where nobody may read and write it too.
make_room() {
    room=$(mktemp -d /tmp/spiscope-screenshots.XXXXXX)
    trap clean_up EXIT
    trap 'exit 1' HUP INT TERM
    mkdir "$room/home" "$room/run" "$room/shots"
    chmod 755 "$room"
    chmod 700 "$room/run"
    cp -R build/plugins "$room/plugins"
    cp test-captures/v1_life_ends.pcap test-captures/v2_flap.pcap "$room"
    # The packet bytes of ESP are of no use, and their room is: View > Packet Bytes
    {
        cat plugin/profile/SPIscope/recent
        printf 'gui.byte_view_show: FALSE\ngui.packet_diagram_show: FALSE\n'
    } >"$room/recent"
}

fresh_settings() {
    rm -rf "$room/settings"
    mkdir -p "$room/settings/profiles"
    cp -R plugin/profile/SPIscope "$room/settings/profiles"
    cp "$room/recent" "$room/settings/profiles/SPIscope/recent"
    if [ -n "$keys" ]; then
        cp "$keys"/ikev?_decryption_table "$room/settings/profiles/SPIscope"
    fi
    if is_root; then
        chown -R $NOBODY:$NOBODY "$room/home" "$room/run" "$room/settings"
    fi
}

start_desktop() {
    # Takes a free display number and says which
    Xvfb -displayfd 3 -screen 0 ${SCREEN}x24 -nolisten tcp 3>"$room/display" >"$room/Xvfb.log" 2>&1 &
    server=$!
    tries=0
    until [ -s "$room/display" ]; do
        tries=$((tries + 1))
        [ $tries -le 100 ] || die "Xvfb does not start: $(cat "$room/Xvfb.log")"
        sleep 0.1
    done
    DISPLAY=:$(cat "$room/display")
    export DISPLAY
    HOME=$room/home openbox >"$room/openbox.log" 2>&1 &
    manager=$!
}

clean_up() {
    for process in ${shark-} ${manager-} ${server-}; do
        kill "$process" 2>/dev/null || true
    done
    wait
    rm -rf "$room"
}

# --- Wireshark -------------------------------------------------------------------------------------------------------

# Replaces the (sub)shell by a command that sees the room's settings only, and is not root.
exec_in_room() {
    set -- env HOME="$room/home" XDG_RUNTIME_DIR="$room/run" WIRESHARK_CONFIG_DIR="$room/settings" \
        WIRESHARK_PLUGIN_DIR="$room/plugins" QT_QPA_PLATFORM=xcb LC_ALL=C.UTF-8 TZ=UTC "$@"
    if is_root; then
        set -- setpriv --reuid=$NOBODY --regid=$NOBODY --clear-groups "$@"
    fi
    exec "$@"
}

# run_wireshark CAPTURE ARGUMENTS...
run_wireshark() {
    capture=$1
    shift
    fresh_settings
    exec_in_room wireshark -C SPIscope -r "$room/$capture" "$@" >"$room/wireshark.log" 2>&1 &
    shark=$!
}

end_wireshark() {
    kill -0 "$shark" 2>/dev/null || die "Wireshark ended by itself: $(cat "$room/wireshark.log")"
    kill "$shark"
    wait "$shark" 2>/dev/null || true
    shark=
}

# Sets $window to the window whose title matches, once it is there.
find_window() {
    tries=0
    while :; do
        window=$(xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -n 1)
        [ -z "$window" ] || return 0
        kill -0 "$shark" 2>/dev/null || die "Wireshark ended by itself: $(cat "$room/wireshark.log")"
        tries=$((tries + 1))
        [ $tries -le 300 ] || die "no window has a title like $1: $(cat "$room/wireshark.log")"
        sleep 0.2
    done
}

# The window's pixels, once they stay the same for a second.
look() {
    import -window "$window" "$room/shots/now.png"
    tries=0
    while [ $tries -lt 20 ]; do
        sleep 1
        mv "$room/shots/now.png" "$room/shots/before.png"
        import -window "$window" "$room/shots/now.png"
        [ "$(convert "$room/shots/before.png" rgb:- | cksum)" != "$(convert "$room/shots/now.png" rgb:- | cksum)" ] || return 0
        tries=$((tries + 1))
    done
}

# Keeps the picture that was taken last, made small.
save() {
    [ "$(identify -format %k "$room/shots/now.png")" -gt 16 ] || die "$1 is an empty picture."
    convert "$room/shots/now.png" -strip +dither -colors 128 -depth 8 -define png:compression-level=9 "$images/$1.png"
    printf '%s (%s bytes)\n' "$images/$1.png" "$(wc -c <"$images/$1.png")"
}

# picture NAME WIDTH HEIGHT: of $window, in that size
picture() {
    # The pointer goes aside, as Wireshark highlights what is under it
    xdotool windowsize "$window" "$2" "$3" windowmove "$window" 0 0 windowraise "$window" mousemove 9999 9999
    sleep 1
    look
    save "$1"
}

# dialog NAME WIDTH HEIGHT CAPTURE STATISTIC TITLE: what the Statistics or Analyze menu opens, as -z opens it too
dialog() {
    run_wireshark "$4" -z "$5"
    find_window "$6"
    picture "$1" "$2" "$3"
    end_wireshark
}

# packets NAME CAPTURE FRAME FILTER: the main window at a frame
packets() {
    run_wireshark "$2" -g "$3" -Y "$4"
    find_window "^$2\$"
    xdotool windowsize --sync "$window" 1270 770 windowfocus --sync "$window"
    look
    if [ "$1" = details ]; then
        # Into the packet details, to the last protocol, which is SPIscope, and open all of it
        xdotool mousemove --window "$window" 600 467 click 1 sleep 0.5 key --delay 200 End shift+Right
    fi
    picture "$1" 1270 770
    end_wireshark
}

# timeline NAME WIDTH CAPTURE
timeline() {
    fresh_settings
    # From its folder, as the timeline bears the name that the capture was called by
    (cd "$room" && exec_in_room tshark -q -r "$3" -z "spiscope,timeline,home/$1.svg") || die "tshark made no timeline of $3."
    rsvg-convert --width "$2" --background-color white --output "$room/shots/now.png" "$room/home/$1.svg"
    save "$1"
}

cd "$(dirname "$0")/.."
[ $# -le 1 ] || die "usage: sh cmake/screenshots.sh [FOLDER]"
images=${1:-cmake/images}
keys=
# shellcheck disable=SC2086  # a list of package names
install_packages $PACKAGES
check_plugin
mkdir -p "$images"
make_room
start_desktop
say "Pictures of Wireshark $version:"
packets flapping v2_flap.pcap 96 ''
keys=test-captures/v1_life_ends.keys
packets packets v1_life_ends.pcap 251 ''
packets details v1_life_ends.pcap 247 spiscope.finding
packets keys v1_life_ends.pcap 246 ''
dialog expert 1000 480 v1_life_ends.pcap expert 'Expert Information'
dialog tunnels 1270 240 v1_life_ends.pcap spiscope,tunnel 'Tunnels'
keys=
dialog associations 1430 420 v2_flap.pcap spiscope,sa 'Security Associations'
dialog io-graph 1100 700 v2_flap.pcap io,stat 'I/O Graphs'
timeline timeline 1100 v1_life_ends.pcap
