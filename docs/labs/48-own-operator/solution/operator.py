"""An operator for Sites: each gets a Deployment and a Service, and is archived before it goes. It looks at everything, again and again."""
import json, os, ssl, time, urllib.error, urllib.request

SERVER = os.environ["LAB_SERVER"]
tls = ssl.create_default_context(cafile=os.environ["LAB_CA"])
tls.load_cert_chain(os.environ["LAB_CERT"], os.environ["LAB_KEY"])
SITES, FINALIZER = "/apis/labs.example.com/v1", "labs.example.com/archive"


def call(method, path, body=None):
    request = urllib.request.Request(SERVER + path, method=method, data=json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/merge-patch+json" if method == "PATCH" else "application/json")
    with urllib.request.urlopen(request, context=tls, timeout=10) as answer:
        return json.load(answer)


def get(path):
    try:
        return call("GET", path)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def children(site):
    """What a site wants, each with the path of its kind. A fixed name cannot be there twice, whoever else makes it."""
    meta, spec = site["metadata"], site["spec"]
    labels = {"site": meta["name"]}
    own = {"name": meta["name"], "ownerReferences": [{
        "apiVersion": site["apiVersion"], "kind": "Site", "name": meta["name"], "uid": meta["uid"], "controller": True}]}
    yield "/apis/apps/v1", "deployments", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": own, "spec": {
        "replicas": spec["replicas"], "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "site", "image": spec["image"]}]}}}}
    yield "/api/v1", "services", {"apiVersion": "v1", "kind": "Service", "metadata": own, "spec": {"selector": labels, "ports": [{"port": 80}]}}


def differs(wanted, found):
    """Does found lack anything that is wanted? What others have added, such as defaults, is no difference."""
    if isinstance(wanted, dict):
        return not isinstance(found, dict) or any(differs(value, found.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return not isinstance(found, list) or len(wanted) != len(found) or any(map(differs, wanted, found))
    return wanted != found


def archive(site, namespace):
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    entry = {site["metadata"]["name"]: site["spec"]["image"]}
    if get(path + "/archive") is None:
        call("POST", path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "archive"}, "data": entry})
    else:
        call("PATCH", path + "/archive", {"data": entry})  # of two copies each writes the same


def reconcile(site):
    meta = site["metadata"]
    namespace, finalizers = meta["namespace"], meta.get("finalizers", [])
    path = f"{SITES}/namespaces/{namespace}/sites/{meta['name']}"
    if "deletionTimestamp" in meta:
        if FINALIZER in finalizers:
            archive(site, namespace)  # first this, then the finalizer: who dies in between comes back to it
            call("PUT", path, site | {"metadata": meta | {"finalizers": [f for f in finalizers if f != FINALIZER]}})
        return
    if FINALIZER not in finalizers:
        site = call("PUT", path, site | {"metadata": meta | {"finalizers": finalizers + [FINALIZER]}})
    ready = 0
    for api, plural, wanted in children(site):
        all_of_them = f"{api}/namespaces/{namespace}/{plural}"
        found = get(f"{all_of_them}/{meta['name']}")
        if found is None:
            found = call("POST", all_of_them, wanted)
        elif differs(wanted, found):
            found = call("PATCH", f"{all_of_them}/{meta['name']}", wanted)
        if plural == "deployments":
            ready = found.get("status", {}).get("readyReplicas", 0)
    status = {"readyReplicas": ready, "observedGeneration": meta["generation"]}
    if site.get("status") != status:
        call("PUT", path + "/status", site | {"status": status})


while True:
    try:
        for site in call("GET", SITES + "/sites")["items"]:
            try:
                reconcile(site)
            except OSError as error:  # refused, or a conflict: look again
                print(site["metadata"]["name"], error, flush=True)
    except OSError as error:
        print(error, flush=True)
    time.sleep(0.3)
