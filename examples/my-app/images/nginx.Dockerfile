FROM my-app-debian:12
RUN apt-get update && apt-get install -y --no-install-recommends nginx-light && rm -rf /var/lib/apt/lists/*
# Where the image of Docker Hub has its pages and its log.
RUN mkdir -p /usr/share/nginx/html && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log \
    && sed -i -e '/\[::\]/d' -e 's,root /var/www/html;,root /usr/share/nginx/html;,' /etc/nginx/sites-available/default
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
