"""A scheduler with a mistake: it counts what the nodes have to carry when it starts, and never again."""
import json, os, ssl, time, urllib.error, urllib.request

SERVER = os.environ["LAB_SERVER"]
tls = ssl.create_default_context(cafile=os.environ["LAB_CA"])
tls.load_cert_chain(os.environ["LAB_CERT"], os.environ["LAB_KEY"])


def call(method, path, body=None, reason=""):
    request = urllib.request.Request(SERVER + path, method=method, data=json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    request.add_header("Kubelite-Reason", urllib.request.quote(reason))  # for the ledger: kubectl-lite why
    with urllib.request.urlopen(request, context=tls) as answer:
        return json.load(answer)


def milli(quantity):
    return int(quantity[:-1]) if quantity.endswith("m") else int(float(quantity) * 1000)


def cpu(pod):
    containers = pod["spec"]["containers"]
    return sum(milli(c.get("resources", {}).get("requests", {}).get("cpu", "0")) for c in containers)


free = {}  # by node, in thousandths of a processor


def one_pass():
    nodes = call("GET", "/api/v1/nodes")["items"]
    pods = call("GET", "/api/v1/pods")["items"]
    if not free:
        free.update({n["metadata"]["name"]: milli(n["status"]["allocatable"]["cpu"]) for n in nodes})
        for pod in pods:
            if pod["spec"].get("nodeName") in free and pod["status"]["phase"] not in ("Succeeded", "Failed"):
                free[pod["spec"]["nodeName"]] -= cpu(pod)
    for pod in pods:
        spec, meta = pod["spec"], pod["metadata"]
        if spec.get("nodeName") or spec["schedulerName"] != "default-scheduler" or "deletionTimestamp" in meta:
            continue
        fitting = [
            n["metadata"]["name"] for n in nodes
            if free[n["metadata"]["name"]] >= cpu(pod)
            and spec.get("nodeSelector", {}).items() <= n["metadata"].get("labels", {}).items()
        ]
        if not fitting:
            continue  # the next one may be smaller
        node = max(fitting, key=free.get)
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": meta["name"]},
                   "target": {"apiVersion": "v1", "kind": "Node", "name": node}}
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/binding"
        call("POST", path, binding, f"{node} has {free[node]}m left, the most")


while True:
    try:
        one_pass()
    except OSError as error:  # refused, or a conflict: look again
        print(error, flush=True)
    time.sleep(0.5)
