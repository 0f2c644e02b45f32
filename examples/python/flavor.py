#!/usr/bin/python3
"""A flavor of rkt in Python: one app in its own root directory, on the host's network and pids.

rkt starts this program once for each question: one JSON object on standard input, one JSON value as the answer on standard output.
"""

import json
import sys

STRICT = ["nosuid", "nodev", "noexec"]
NODES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
LINKS = {"console": "tty", "fd": "/proc/self/fd", "ptmx": "pts/ptmx", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}

MOUNTS = {"from": "mountinfo"}
CAPABILITIES = {"from": "status", "field": "CapBnd"}
SECCOMP = {"from": "status", "field": "Seccomp"}


def enforced(mechanism, **proof):
    return {"level": "enforced", "mechanism": mechanism, **proof}


def by_cgroup(controller, limit):
    return enforced("limit of the pod's cgroup", requires=["cgroup/" + controller], readBack={"from": "cgroup", "limit": limit})


ISOLATORS = {
    "os/linux/capabilities-remove-set": enforced("bounding set before execve", readBack=CAPABILITIES),
    "os/linux/capabilities-retain-set": enforced("bounding set before execve", readBack=CAPABILITIES),
    "os/linux/no-new-privileges": enforced("prctl before execve", readBack={"from": "status", "field": "NoNewPrivs"}),
    "os/linux/seccomp-remove-set": enforced("filter before execve", requires=["seccomp"], readBack=SECCOMP),
    "os/linux/seccomp-retain-set": enforced("filter before execve", requires=["seccomp"], readBack=SECCOMP),
    "resource/memory": by_cgroup("memory", "memoryMax"),
    "resource/pids": by_cgroup("pids", "pidsMax"),
}
FEATURES = {
    "devices/policy": enforced("the pod's cgroup", requires=["device-policy"], readBack={"from": "devices"}),
    "dns": enforced("written into the app's /etc"),
    "kernel-paths/masked": enforced("mounts over /proc and /sys", readBack=MOUNTS),
    "network/host": enforced("the host's network", readBack={"from": "namespace", "kind": "net", "is": "host"}),
    "processes/apart": enforced("a Landlock domain of its own", requires=["landlock"]),
    "rootfs/overlay": enforced("overlayfs", requires=["filesystem/overlay"], readBack=MOUNTS),
    "stdio/inherited": {"level": "equivalent", "mechanism": "the caller's own", "consequence": "the app can change the mode of files among them"},
    "stdio/stream": enforced("the caller's own"),
    "user": enforced("set before execve"),
    "volume/empty": enforced("bind mount", readBack=MOUNTS),
    "volume/host": enforced("bind mount", readBack=MOUNTS),
}
VERBS = {
    "enter": enforced("joins the app's mount namespace and cgroup"),
    "gc": enforced("the kernel drops the mounts with the last process"),
    "run": enforced("pivot_root and execve"),
    "stop": enforced("signals to the pod's cgroup"),
}
# Everything else of contract 1.1.
REFUSED = {
    "isolators": """os/linux/apparmor-profile os/linux/cpu-shares os/linux/cpuset-cpus os/linux/cpuset-mems os/linux/oom-score-adj os/linux/selinux-context os/unix/rlimits os/unix/sysctl
        resource/block-bandwidth resource/block-iops resource/cpu resource/hugepages resource/network-bandwidth""",
    "features": """apps/many event-handlers hostname ipc/host ipc/private machine/unique network/named network/none network/prepared notify pid/private ports processes/closed restart
        rootfs/read-only socket-activation stdio/journal stdio/log stdio/terminal user-namespace volume/device volume/shared volume/slave volume/sys watchdog""",
    "verbs": "app-add app-rm app-start app-stop attach exit-status logs ready stats",
}


def promises(kind, made):
    return {**{name: {"level": "impossible", "consequence": "not implemented by this flavor"} for name in REFUSED[kind].split()}, **made}


def declaration(contract):
    return {
        "hooks": ["enter"],
        "declaration": {
            "name": "jail",
            "version": "0.1.0",
            "contract": "^1.1",
            "summary": "one app in its own root directory, written in Python",
            "properties": ["host-ipc", "host-network", "host-pid"],
            "liveness": "cgroup",
            "isolators": promises("isolators", ISOLATORS),
            "features": promises("features", FEATURES),
            "verbs": promises("verbs", VERBS),
        },
    }


def step(do, target, **more):
    return {"id": f"{do}.{target['path']}", "do": do, "target": target, **more}


def inside(app, path):
    return {"in": "rootfs", "app": app["name"], "path": path}


def directory(app, path, **more):
    return step("mkdir", inside(app, path), mode=0o755, uid=0, gid=0, **more)


def mounted(app, kind, path, flags, **options):
    return [directory(app, path, real=True), step("mount", inside(app, path), type=kind, flags=flags, options=options)]


def rootfs(app):
    tree = app["rootfs"]
    if tree["kind"] == "copy":
        return step("bind", {"in": "pod", "path": app["mountPoint"]}, source={"in": "pod", "path": tree["directory"]}, recursive=False, followSymlinks=False, flags=["nodev"])
    return {"id": "rootfs", "do": "overlay", "app": app["name"], "lower": tree["lower"], "upper": tree["upper"], "work": tree["work"], "target": app["mountPoint"]}


def volume(pod, app, mount):
    [of] = [each for each in pod["volumes"] if each["name"] == mount["volume"]]
    on_host = of["kind"] == "host"
    source = {"in": "host", "path": of["source"]} if on_host else {"in": "pod", "path": of["directory"]}
    flags = (["ro"] if mount["readOnly"] or of["readOnly"] else []) + ["nodev"]
    return step("bind", inside(app, mount["path"]), source=source, recursive=on_host and of["recursive"], followSymlinks=on_host and of["followSymlinks"], flags=flags)


def probe(host):
    return []


def filesystem(pod, host):
    [app] = pod["apps"]
    mounts = sorted(app["mounts"], key=lambda mount: mount["path"])
    return [{"id": "namespace", "do": "namespace", "unshare": ["mount"]}, rootfs(app), *(volume(pod, app, mount) for mount in mounts)]


def environment(pod, host):
    [app] = pod["apps"]
    cgroup = {"id": "cgroup", "do": "cgroup", "path": pod["cgroup"], "limits": {**pod["limits"], **app["limits"]}, "join": True}
    if "devices" in pod:
        cgroup["devices"] = pod["devices"]
    files = [(path, pod[name]) for path, name in (("/etc/resolv.conf", "resolvConf"), ("/etc/hosts", "hosts")) if pod[name] is not None]
    hidden = [(do, pod[name]) for do, name in (("protect", "readOnlyPaths"), ("mask", "maskedPaths")) if pod[name]]
    return [
        cgroup,
        *mounted(app, "proc", "/proc", STRICT),
        *mounted(app, "sysfs", "/sys", ["ro", *STRICT]),
        *mounted(app, "tmpfs", "/dev", ["nosuid", "noexec"], mode="0755", size="64k"),
        *(step("device", inside(app, "/dev/" + name), type="char", major=major, minor=minor, mode=0o666, uid=0, gid=0) for name, (major, minor) in NODES.items()),
        *(step("symlink", inside(app, "/dev/" + name), to=to) for name, to in LINKS.items()),
        *mounted(app, "devpts", "/dev/pts", ["nosuid", "noexec"], mode="0620", gid="5", ptmxmode="0666"),
        *mounted(app, "tmpfs", "/dev/shm", STRICT, mode="1777", size="65536k"),
        *({"id": do, "do": do, "app": app["name"], "paths": paths} for do, paths in hidden),
        *([directory(app, "/etc")] if files else []),
        *(step("write", inside(app, path), content=content, mode=0o644, uid=0, gid=0) for path, content in files),
    ]


def launch(pod, host):
    [app] = pod["apps"]
    nowhere = {name: {"to": "null"} for name, kind in app["stdio"].items() if kind == "null"}
    return {"into": "rootfs", "root": inside(app, "/"), "process": app["process"], "stdio": nowhere, "passSockets": False}


def enter(pod, app, command, host):
    process = {**app["process"], "argv": command or ["/bin/sh"]}
    return {"into": "member", "member": pod["appProcesses"][app["name"]], "namespaces": ["mount"], "process": process, "passSockets": False}


if __name__ == "__main__":
    question = json.load(sys.stdin)
    answer = {"declaration": declaration, "probe": probe, "filesystem": filesystem, "environment": environment, "launch": launch, "enter": enter}
    json.dump(answer[question.pop("hook")](**question), sys.stdout)
