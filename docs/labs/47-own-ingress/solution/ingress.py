"""The half of an ingress controller that decides: it reads Ingresses, Services and endpoints, and writes what a proxy needs."""
import json, os, ssl, time, urllib.error, urllib.request

SERVER = os.environ["LAB_SERVER"]
tls = ssl.create_default_context(cafile=os.environ["LAB_CA"])
tls.load_cert_chain(os.environ["LAB_CERT"], os.environ["LAB_KEY"])
HERE = {"ingress": [{"hostname": "by-hand.example"}]}


def call(method, path, body=None):
    request = urllib.request.Request(SERVER + path, method=method, data=json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, context=tls, timeout=10) as answer:
        return json.load(answer)


def items(path):
    return call("GET", path)["items"]


def addresses(slices, namespace, service):
    """The ready endpoints of a service, with their port."""
    found = set()
    for s in slices:
        meta = s["metadata"]
        if meta["namespace"] == namespace and meta.get("labels", {}).get("kubernetes.io/service-name") == service:
            for endpoint in s.get("endpoints") or []:
                if endpoint.get("conditions", {}).get("ready"):
                    found.update(f"{endpoint['addresses'][0]}:{port['port']}" for port in s.get("ports") or [])
    return " ".join(sorted(found))


def desired(ingresses, slices):
    """The routes of each namespace. Who came first has a place; of the same second, the first by name."""
    routes = {}
    for i in sorted(ingresses, key=lambda i: (i["metadata"]["creationTimestamp"], i["metadata"]["name"])):
        namespace = i["metadata"]["namespace"]
        table = routes.setdefault(namespace, {})
        for rule in i["spec"].get("rules", []):
            for path in rule["http"]["paths"]:
                key = rule["host"] + path["path"].replace("/", "_")
                table.setdefault(key, addresses(slices, namespace, path["backend"]["service"]["name"]))
    return routes


def write_routes(namespace, table):
    """Only what differs is written, and only over what was read: another copy, or a late reader, is refused with 409."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "routes"}}
    try:
        config = call("GET", path + "/routes")
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        call("POST", path, config | {"data": table})
        return
    if config.get("data", {}) != table:
        call("PUT", path + "/routes", config | {"data": table})


def one_pass():
    slices = items("/apis/discovery.k8s.io/v1/endpointslices")
    mine = [i for i in items("/apis/networking.k8s.io/v1/ingresses") if i["spec"].get("ingressClassName") == "by-hand"]
    for namespace, table in desired(mine, slices).items():
        write_routes(namespace, table)
    for i in mine:
        if i["status"].get("loadBalancer") != HERE:
            path = f"/apis/networking.k8s.io/v1/namespaces/{i['metadata']['namespace']}/ingresses/{i['metadata']['name']}/status"
            call("PUT", path, i | {"status": {"loadBalancer": HERE}})


while True:
    try:
        one_pass()
    except OSError as error:  # refused, or a conflict: look again
        print(error, flush=True)
    time.sleep(0.3)
