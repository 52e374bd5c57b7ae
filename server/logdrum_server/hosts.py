"""What a host's name says by itself, without asking anyone."""

import ipaddress


def is_address(name: str) -> bool:
    """Whether this is an IP address in digits."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on `host`; of a name other than localhost nobody can say."""
    return host.lower() == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)
