kubectl-lite patch service site -n lab-wrong-port -p '{"spec":{"ports":[{"port":80,"targetPort":"http"}]}}'
kubectl-lite patch ingress site -n lab-wrong-port --type=json -p '[{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service/port","value":{"name":"web"}}]'
