kubectl-lite patch role pod-reader -n lab-rbac-denial --type=json -p '[{"op":"replace","path":"/rules/0/resources/0","value":"pods"}]'
kubectl-lite patch rolebinding janitor -n lab-rbac-denial --type=json -p '[{"op":"replace","path":"/subjects/0/namespace","value":"lab-rbac-denial"}]'
