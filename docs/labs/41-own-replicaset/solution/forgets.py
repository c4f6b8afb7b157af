"""A ReplicaSet controller with a mistake: it believes what it reads. Where reads are a moment old it makes the same pods again."""
import json, os, ssl, time, urllib.error, urllib.request

SERVER = os.environ["LAB_SERVER"]
tls = ssl.create_default_context(cafile=os.environ["LAB_CA"])
tls.load_cert_chain(os.environ["LAB_CERT"], os.environ["LAB_KEY"])


def call(method, path, body=None):
    request = urllib.request.Request(SERVER + path, method=method, data=json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/merge-patch+json" if method == "PATCH" else "application/json")
    with urllib.request.urlopen(request, context=tls, timeout=10) as answer:
        return json.load(answer)


def owner(pod):
    return next((o["uid"] for o in pod["metadata"].get("ownerReferences", []) if o.get("controller")), None)


def ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def reconcile(rs, pods):
    meta, spec = rs["metadata"], rs["spec"]
    path = f"/api/v1/namespaces/{meta['namespace']}/pods"
    me = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": meta["name"], "uid": meta["uid"], "controller": True, "blockOwnerDeletion": True}
    mine = []
    for pod in pods:
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        matches = spec["selector"]["matchLabels"].items() <= pod["metadata"].get("labels", {}).items()
        if owner(pod) == meta["uid"] and not matches:
            call("PATCH", f"{path}/{name}", {"metadata": {"uid": uid, "ownerReferences": None}})
        elif matches and (owner(pod) == meta["uid"] or owner(pod) is None):
            if owner(pod) is None:
                call("PATCH", f"{path}/{name}", {"metadata": {"uid": uid, "ownerReferences": [me]}})
            mine.append(pod)
    for _ in range(spec["replicas"] - len(mine)):
        template = spec["template"]
        call("POST", path, {"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
                            "metadata": template["metadata"] | {"generateName": meta["name"] + "-", "ownerReferences": [me]}})
    for pod in mine[spec["replicas"]:]:
        call("DELETE", f"{path}/{pod['metadata']['name']}")
    status = {"replicas": len(mine), "fullyLabeledReplicas": len(mine), "readyReplicas": sum(map(ready, mine)),
              "availableReplicas": sum(map(ready, mine)), "observedGeneration": meta["generation"]}
    if any(rs["status"].get(key, 0) != value for key, value in status.items()):
        call("PUT", f"/apis/apps/v1/namespaces/{meta['namespace']}/replicasets/{meta['name']}/status", rs | {"status": status})


while True:
    try:
        pods = call("GET", "/api/v1/pods")["items"]
        alive = [p for p in pods if "deletionTimestamp" not in p["metadata"] and p["status"].get("phase") not in ("Succeeded", "Failed")]
        for rs in call("GET", "/apis/apps/v1/replicasets")["items"]:
            if "deletionTimestamp" not in rs["metadata"]:
                reconcile(rs, [p for p in alive if p["metadata"]["namespace"] == rs["metadata"]["namespace"]])
    except OSError as error:  # refused, or a conflict: look again
        print(error, flush=True)
    time.sleep(0.3)
