(() => {
  const form = document.querySelector("form");
  if (!form) return;
  form.addEventListener("submit", () => {
    const button = form.querySelector("[type=submit]");
    setTimeout(() => { button.disabled = true; }, 0);
  });
  addEventListener("pageshow", () => { form.querySelector("[type=submit]").disabled = false; });
  const ask = document.getElementById("locate"), told = document.getElementById("located");
  if (!navigator.geolocation || !isSecureContext) return;
  ask.hidden = false;
  ask.addEventListener("click", () => {
    told.textContent = "正在定位… Locating…";
    navigator.geolocation.getCurrentPosition((found) => {
      form.longitude.value = found.coords.longitude.toFixed(6);
      form.latitude.value = found.coords.latitude.toFixed(6);
      told.textContent = "已附上您的位置。 Your position will be sent.";
    }, () => {
      told.textContent = "没有取得位置，请用文字说明。 No position; please describe the place.";
    }, { enableHighAccuracy: true, timeout: 10000, maximumAge: 30000 });
  });
})();
