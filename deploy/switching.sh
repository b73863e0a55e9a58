# Switching a station PC from one installed release to another: read by install and rollback, not run by itself.
# Knows links, the service and its journal. Does not know how a release gets onto the disk.
# Needs: $program (for messages), $root (empty, or a folder in place of /).

say() { printf '%s: %s\n' "$program" "$1" >&2; }
fail() { for line; do say "$line"; done; exit 1; }

opt=$root/opt/station
station_file=$root/etc/station-ctl/station.yaml
HEALTHY_S=${STATION_HEALTHY_S:-10}   # so long a release must run before it counts as good

systemd() { [ -d "$root/run/systemd/system" ] && command -v systemctl >/dev/null; }

# Nothing of a release is tried as root, neither the self-test nor the backup.
as_station() {
    if [ "$(id -u)" = 0 ] && [ -z "$root" ] && id station >/dev/null 2>&1; then (cd "$opt" && runuser -u station -- "$@"); else "$@"; fi
}

one_at_a_time() {
    mkdir -p "$opt/releases"
    exec 9>"$opt/.lock"
    flock -n 9 || fail "another install or rollback is at work."
}

current_release() { basename "$(readlink "$opt/$1" 2>/dev/null || true)"; }

# A rename is the only change that is seen whole: `current` leads to the one release or to the other, never nowhere.
point() { # LINK RELEASE
    ln -sfn "releases/$2" "$opt/$1.new"
    mv -T "$opt/$1.new" "$opt/$1"
}

# The unit and its folders are those of the release that is current; what a site edits is put there once and never again.
system_files() { # RELEASE
    from=$opt/releases/$1/deploy
    put() { install -D -m 0644 "$from/$1" "$root$2"; }
    put_once() { [ -e "$root$2" ] || put "$1" "$2"; }
    put station.service /usr/local/lib/systemd/system/station.service
    put sysusers.conf /etc/sysusers.d/station.conf
    put tmpfiles.conf /etc/tmpfiles.d/station.conf
    put_once udev/70-station.rules /etc/udev/rules.d/70-station.rules
    put_once journald/station.conf /etc/systemd/journald.conf.d/station.conf
    if [ -d "$root/etc/chrony" ]; then put_once chrony/station.conf /etc/chrony/conf.d/station.conf; fi
    mkdir -p "$root/usr/local/bin" "$root/usr/local/sbin"
    ln -sfn /opt/station/current/venv/bin/station-ctl "$root/usr/local/bin/station-ctl"
    for tool in install rollback; do ln -sfn "/opt/station/current/deploy/$tool" "$root/usr/local/sbin/station-$tool"; done
    if systemd; then systemctl daemon-reload; fi
}

wanted() { systemctl is-active --quiet station || systemctl is-enabled --quiet station; }

# Started is not enough: it must have said ready (Type=notify) and still run, unrestarted, some seconds later.
healthy() {
    systemctl reset-failed station 2>/dev/null || true
    systemctl start station || return 1
    second=0
    while [ $second -lt "$HEALTHY_S" ]; do
        sleep 1
        second=$((second + 1))
        systemctl is-active --quiet station || return 1
    done
    [ "$(systemctl show -p NRestarts --value station)" = 0 ]
}

backed_up() { # RELEASE: its own program knows its journal
    [ -f "$station_file" ] || return 0
    code=0
    as_station "$opt/releases/$1/venv/bin/station-ctl" backup create --station "$station_file" >&2 || code=$?
    case $code in
        0) ;;
        9) say "there is no journal yet" ;;
        *) return 1 ;;
    esac
}

# From the old release to the new one; back to the old if the new one does not come up. The journal stays as it is: an
# older one would not know what the machines have done since, and their PLCs would refuse every order (docs/how-to/deploy.md).
switch_to() { # RELEASE
    new=$1 old=$(current_release current) run=no
    if systemd && wanted; then run=yes; fi
    if [ $run = yes ]; then
        say "stopping the service; whatever moves is brought to rest"
        systemctl stop station || fail "the service could not be stopped; nothing was changed."
    fi
    if ! backed_up "${old:-$new}"; then
        if [ $run = yes ] && [ -n "$old" ]; then systemctl start station || say "the service did not start again; look at it."; fi
        fail "the journal could not be backed up; the reason stands above. Nothing was changed."
    fi
    if [ -n "$old" ] && [ "$old" != "$new" ]; then point previous "$old"; fi
    point current "$new"
    system_files "$new"
    [ $run = yes ] || return 0
    if healthy; then return 0; fi
    say "$new did not stay up"
    [ -n "$old" ] && [ "$old" != "$new" ] || fail "there is no release to go back to: journalctl -u station says why."
    systemctl stop station || true
    point current "$old"
    system_files "$old"
    if healthy; then fail "$old runs again. journalctl -u station says why $new did not."; fi
    fail "$old does not stay up, either: journalctl -u station says why. The station stands and nothing moves."
}
