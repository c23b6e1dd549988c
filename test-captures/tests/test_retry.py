# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients behind a NAT that are refused and try again: one client's tries are one tunnel, from whatever port they come, and those of several stay
apart."""
from collections import namedtuple

import harness  # puts synthetic/ on the path
import ike_bytes as ike
import make_reports
import pytest
from outputs import outputs, run_ahead
from reports import FORMS
from reports.peers import IKE_PORT, Peers2
from reports.scene import Scene
from writer import S

CLIENTS, GATEWAY = "198.51.100.30", "203.0.113.30"
each_form = pytest.mark.parametrize("form", FORMS)

# client: number; port: that the NAT gives the try; accepted: it sets up the tunnel, and traffic follows
Try = namedtuple("Try", "time client port accepted", defaults=(False,))


def own_port(number, client):
    return 20000 + client


def ever_new(number, client):
    return 30000 + 17 * number


def by_turns(clients, tries, port, every=30, apart=(0, 4, 9)):
    """Each client again and again, a bit after the one before."""
    order = sorted((number * every + apart[client], client) for number in range(tries) for client in range(clients))
    return [Try(time, client, port(number, client)) for number, (time, client) in enumerate(order)]


ONE = by_turns(1, 8, ever_new)
BACKING_OFF = [Try(5 * (2 ** number - 1), 0, ever_new(number, 0)) for number in range(7)]
AT_RANDOM = [Try(time, client, ever_new(client, client)) for client, time in enumerate((0, 31, 40, 95, 99, 160, 161))]
MEANWHILE = sorted([*by_turns(1, 8, ever_new), Try(101, 1, 20001, True)])
AT_LAST = [*by_turns(1, 3, ever_new), Try(90, 0, 40000, True)]

# tries, and how many tunnels they are: readable, keyless; None: at least one for each client
SERIES = {
    "one": (ONE, 1, 1),
    "backing_off": (BACKING_OFF, 1, 1),
    "three_from_own_ports": (by_turns(3, 4, own_port), 3, 3),
    "three_from_new_ports": (by_turns(3, 6, ever_new), 3, None),
    "seven_at_random": (AT_RANDOM, 7, 7),
    "one_while_another_works": (MEANWHILE, 2, None),
    "accepted_at_last": (AT_LAST, 1, None),
}


def play(name, tries, site):
    """The scene, and who is behind each IKE SA: initiator SPI -> client."""
    scene, clients = Scene(f"retry_{name}.{site.form}", site), {}
    for number, (time, client, port, accepted) in enumerate(tries):
        sa = Peers2(scene, CLIENTS, GATEWAY, (port, IKE_PORT))
        clients[f"0x{sa.cookies[0]:016x}"] = client
        sa.init(time * S)
        sa.natt = port + 9000       # what the NAT gives for UDP 4500
        sa.float()
        request = sa.auth_request(scene.new_spi(), ("10.1.0.0/24",), ("10.2.0.0/24",))
        request[0] = ike.identity2(ike.IDI, b"client-%d@example.net" % client)
        if accepted:
            asked, answered = scene.new_spi(), scene.new_spi()
            request[-3] = ike.sa2_child(asked)
            sa.exchange(time * S + S // 10, 0, ike.AUTH, request, sa.auth_answer(answered, ("10.1.0.0/24",), ("10.2.0.0/24",)))
            sa.child(0, asked, answered).talk((time + 1) * S, (time + 600) * S)
        else:
            sa.exchange(time * S + S // 10, 0, ike.AUTH, request, [ike.notify2(ike.N_AUTH_FAILED)])
    return scene.finish(), clients


@pytest.fixture(scope="module")
def played(spiscope):
    folder, series = spiscope.readable_copy_dir("retries"), {}
    for name, (tries, *_) in SERIES.items():
        for form in FORMS:
            scene, clients = play(name, tries, make_reports.Site(sealed=form == "keyless"))
            path = scene.write(folder)
            path.chmod(0o644)
            series[name, form] = str(path), clients
    run_ahead(spiscope, [(path, False, ()) for path, _ in series.values()])
    return series


def tunnels(spiscope, played, name, form):
    path, clients = played[name, form]
    found = outputs(spiscope, path, False, ()).json["tunnels"]
    return found, [[clients[ike_sa["initiator_spi"]] for ike_sa in tunnel["ike_sas"]] for tunnel in found]


@each_form
@pytest.mark.parametrize("name", SERIES)
def test_no_tunnel_is_two_clients(spiscope, played, name, form):
    _, clients = tunnels(spiscope, played, name, form)
    assert all(len(set(behind)) == 1 for behind in clients), clients
    assert sum(map(len, clients)) == len(SERIES[name][0])


@each_form
@pytest.mark.parametrize("name", SERIES)
def test_as_many_tunnels_as_can_be_told(spiscope, played, name, form):
    found, _ = tunnels(spiscope, played, name, form)
    tries, readable, keyless = SERIES[name]
    wanted = readable if form == "readable" else keyless
    assert len(found) == wanted if wanted else len(found) >= len({each.client for each in tries})


@each_form
@pytest.mark.parametrize("name", ("one", "backing_off"))
def test_what_is_found_of_each_try_is_found_of_the_tunnel(spiscope, played, name, form):
    (tunnel,), _ = tunnels(spiscope, played, name, form)
    refused = [finding["frame"] for finding in tunnel["findings"] if finding["key"] == "auth_failed"]
    assert len(refused) == len(SERIES[name][0]) and refused == sorted(refused)
    assert (tunnel["verdict"]["state"], tunnel["verdict"]["cause"]) == ("down", "authentication")


@each_form
def test_a_filter_finds_them_all_when_frames_are_read_again(spiscope, played, form):
    path = played["one", form][0]
    numbers = {number for row in spiscope.rows(path, ("spiscope.tunnel",), passes=2) for number in row["spiscope.tunnel"]}
    assert numbers == {"0"}


def test_who_is_accepted_at_last_was_never_down(spiscope, played):
    (tunnel,), _ = tunnels(spiscope, played, "accepted_at_last", "readable")
    assert tunnel["verdict"]["state"] == "stable" and "auth_failed" in tunnel["verdict"]["history"]
