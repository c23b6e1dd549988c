#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes pictures of Wireshark's window, on Debian or Ubuntu.
#
#   sh cmake/screenshots.sh                      install what is missing, make the README's pictures in cmake/images
#   sh cmake/screenshots.sh FOLDER [SIZE]        the same in another folder, of a screen of another size, such as 1920x1080, with those
#                                                that the README does not have: dark-*, and what a right click offers
#
# The plugin must be built (sh cmake/quickstart.sh). Wireshark runs in an X server without a screen (Xvfb), with
# the plugin of build/ and a copy of the profile in a folder of its own: your settings are neither used nor changed.
# Root runs it as nobody, as Wireshark ignores plugins outside of the system's folder if root runs it.
set -eu

PACKAGES="wireshark tshark xvfb xdotool openbox imagemagick librsvg2-bin fonts-dejavu-core dbus at-spi2-core python3-gi gir1.2-atspi-2.0"
SCREEN=1366x768
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
    cp test-captures/v1_life_ends.pcap test-captures/v2_flap.pcap test-captures/tests/window.py "$room"
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

# A palette for the theme that QT_QPA_PLATFORMTHEME names, where that is one; with letters as large as without a theme.
write_palettes() {
    for qt in 5 6; do
        mkdir -p "$room/home/.config/qt${qt}ct"
        printf '[Appearance]\ncustom_palette=true\ncolor_scheme_path=/usr/share/qt%sct/colors/darker.conf\nstyle=Fusion\n%s\n' $qt \
            "[Fonts]
fixed=\"DejaVu Sans Mono,9,-1,5,50,0,0,0,0,0\"
general=\"DejaVu Sans,9,-1,5,50,0,0,0,0,0\"" >"$room/home/.config/qt${qt}ct/qt${qt}ct.conf"
    done
}

# wait_for_word FILE PROGRAM: until it has said there where it is
wait_for_word() {
    tries=0
    until [ -s "$room/$1" ]; do
        tries=$((tries + 1))
        [ $tries -le 100 ] || die "$2 does not start: $(cat "$room/$2.log")"
        sleep 0.1
    done
}

start_desktop() {
    # Takes a free display number and says which
    Xvfb -displayfd 3 -screen 0 ${SCREEN}x24 -nolisten tcp -noreset 3>"$room/display" >"$room/Xvfb.log" 2>&1 &
    server=$!
    wait_for_word display Xvfb
    DISPLAY=:$(cat "$room/display")
    export DISPLAY
    HOME=$room/home openbox >"$room/openbox.log" 2>&1 &
    manager=$!
    (exec_in_room dbus-daemon --session --nofork --print-address=3) 3>"$room/bus" >"$room/bus.log" 2>&1 &
    bus=$!
    wait_for_word bus bus
    DBUS_SESSION_BUS_ADDRESS=$(cat "$room/bus")
    export DBUS_SESSION_BUS_ADDRESS
}

clean_up() {
    for process in ${shark-} ${bus-} ${manager-} ${server-}; do
        kill "$process" 2>/dev/null || true
    done
    wait
    rm -rf "$room"
}

# --- Wireshark -------------------------------------------------------------------------------------------------------

# Replaces the (sub)shell by a command that sees the room's settings only, and is not root.
exec_in_room() {
    set -- env HOME="$room/home" XDG_RUNTIME_DIR="$room/run" WIRESHARK_CONFIG_DIR="$room/settings" \
        WIRESHARK_PLUGIN_DIR="$room/plugins" QT_QPA_PLATFORM=xcb LC_ALL=C.UTF-8 TZ=UTC \
        QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1 QT_QPA_PLATFORMTHEME="${theme-}" "$@"
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

# in_window VERB ROLE NAME: see test-captures/tests/window.py
in_window() {
    (cd "$room" && exec_in_room /usr/bin/python3 -B window.py "$@") 2>>"$room/window.log" || die "Wireshark did not answer: $(cat "$room/window.log")"
}

# open CAPTURE FRAME FILTER [ARGUMENTS...]: the main window, as large as the screen, at a frame; $main is its number
open() {
    capture=$1 frame=$2 filter=$3
    shift 3
    run_wireshark "$capture" -g "$frame" -Y "$filter" "$@"
    find_window "^$capture\$"
    main=$window
    xdotool windowsize --sync "$main" "$width" "$height" windowmove "$main" 0 0 windowfocus --sync "$main"
    look
}

# screen NAME: all of the screen, as it stands
screen() {
    window=root
    look
    save "$1"
}

# packets NAME CAPTURE FRAME FILTER: the main window at a frame
packets() {
    open "$2" "$3" "$4"
    if [ "$1" = details ] || [ "$1" = dark-details ]; then
        # Into the packet details, to the last protocol, which is SPIscope, and open all of it
        xdotool mousemove --window "$main" 600 $((height * 6 / 10)) click 1 sleep 0.5 key --delay 200 End shift+Right
    fi
    picture "$1" "$width" "$height"
    end_wireshark
}

# report NAME CAPTURE MENU TITLE: a text that Tools > SPIscope opens
report() {
    open "$2" 247 ''
    in_window press 'menu item' "^$3\$"
    find_window "$4"
    xdotool mousemove 9999 9999
    look
    save "$1"
    end_wireshark
}

# menu NAME CAPTURE ENTRY TITLE [TAB]: a dialog that a menu opens, or a page of it
menu() {
    open "$2" 247 ''
    in_window press 'menu item' "^$3\$"
    find_window "$4"
    [ -z "${5-}" ] || in_window press 'page tab' "^$5"
    picture "$1" "$width" 400
    end_wireshark
}

# toolbar NAME CAPTURE: what the toolbar's list offers
toolbar() {
    open "$2" 1 ''
    # shellcheck disable=SC2046  # four numbers
    set -- "$1" $(in_window place 'combo box' 'tunnel')
    xdotool mousemove $(($2 + 20)) $(($3 + $5 / 2)) click 1 sleep 0.5
    screen "$1"
    end_wireshark
}

# right_click NAME CAPTURE FRAME KEYS...: what it offers at the selected packet, after these keys
right_click() {
    name=$1
    open "$2" "$3" ''
    shift 3
    xdotool mousemove --window "$main" 300 220 click 1 sleep 0.5 click 3 sleep 1 key --delay 200 "$@" sleep 1
    screen "$name"
    end_wireshark
}

# timeline NAME WIDTH CAPTURE
timeline() {
    fresh_settings
    # From its folder, as the timeline bears the name that the capture was called by
    (cd "$room" && exec_in_room tshark -C SPIscope -q -r "$3" -z "spiscope,timeline,home/$1.svg") || die "tshark made no timeline of $3."
    rsvg-convert --width "$2" --background-color white --output "$room/shots/now.png" "$room/home/$1.svg"
    save "$1"
}

cd "$(dirname "$0")/.."
[ $# -le 2 ] || die "usage: sh cmake/screenshots.sh [FOLDER [SIZE]]"
images=${1:-cmake/images}
SCREEN=${2:-$SCREEN}
width=${SCREEN%x*}
height=${SCREEN#*x}
keys=
# shellcheck disable=SC2086  # a list of package names
install_packages $PACKAGES
dark=qt5ct
! ldd "$(command -v wireshark)" | grep -q libQt6 || dark=qt6ct
[ -z "${1-}" ] || install_packages $dark
check_plugin
mkdir -p "$images"
make_room
write_palettes
start_desktop
say "Pictures of Wireshark $version, of a screen of $SCREEN:"
packets flapping v2_flap.pcap 96 ''
keys=test-captures/v1_life_ends.keys
packets packets v1_life_ends.pcap 251 ''
packets details v1_life_ends.pcap 247 spiscope.finding
packets keys v1_life_ends.pcap 246 ''
report report v1_life_ends.pcap 'Show the report' 'SPIscope report'
report log v1_life_ends.pcap 'Follow this tunnel' 'SPIscope tunnel'
dialog expert 1000 480 v1_life_ends.pcap expert 'Expert Information'
dialog tunnels "$width" 240 v1_life_ends.pcap spiscope,tunnel 'Tunnels'
dialog outages "$width" 240 v1_life_ends.pcap spiscope,outage 'Outages'
if [ "${1-}" ]; then
    toolbar toolbar v1_life_ends.pcap
    right_click right-click v1_life_ends.pcap 300 Down Down Down Down Down Down Down Down Down Right
    menu conversations v1_life_ends.pcap Conversations Conversations SPIscope
    dialog ike "$width" 240 v1_life_ends.pcap spiscope,ike 'IKE SAs'
    theme=$dark
    packets dark-packets v1_life_ends.pcap 251 ''
    packets dark-details v1_life_ends.pcap 247 spiscope.finding
    dialog dark-tunnels "$width" 240 v1_life_ends.pcap spiscope,tunnel 'Tunnels'
    theme=
fi
timeline timeline 1100 v1_life_ends.pcap
keys=
dialog associations "$width" 420 v2_flap.pcap spiscope,sa 'Security Associations'
dialog io-graph 1100 700 v2_flap.pcap io,stat 'I/O Graphs'
