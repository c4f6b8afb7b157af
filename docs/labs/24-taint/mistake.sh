# The sign is taken off the door.
kubectl-lite taint node "$(kubectl-lite get nodes -l lab-taint/oven=yes -o jsonpath='{.items[0].metadata.name}')" lab-taint/baking-
kubectl-lite rollout status deployment/bread -n lab-taint --timeout=120s
